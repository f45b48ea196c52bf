// uPlot makes an Intl.NumberFormat of navigator.language as it is loaded, which throws for a language that is none, such
// as en-US@posix of a Linux kiosk. Imported before uPlot: the browser then names the next of its languages that Intl
// knows, or English.

const languages = [navigator.language, ...navigator.languages, 'en']
const known = languages.find(isKnown) as string
if (known !== navigator.language) Object.defineProperty(navigator, 'language', { value: known })

function isKnown(language: string): boolean {
  try {
    Intl.getCanonicalLocales(language)
    return true
  } catch {
    return false
  }
}

export {}

import { expect, it } from 'vitest'
import { showsNavHeader } from '../src/nav-header.ts'

it('a page shows the navigation bar by its element or by its script', () => {
  expect(showsNavHeader('<h1>Logs</h1><div class="a" id="heroku-header"></div>')).toBe(true)
  expect(showsNavHeader("<DIV ID='heroku-header'>")).toBe(true)
  expect(showsNavHeader('<div id=heroku-header>')).toBe(true)
  expect(showsNavHeader('<header id="heroku-header">')).toBe(true)
  expect(showsNavHeader('<script async src="//h/Boomerang/1.js"></script>')).toBe(true)
})

it('a page does not show it by a word in its text or in another attribute', () => {
  for (const page of [
    '',
    'heroku-header boomerang',
    '<div class="heroku-header">',
    '<div id="heroku-headers">',
    '<div>id="heroku-header"</div>',
    '<script>boomerang</script>',
    '<script data-a="boomerang">',
    '<img src="boomerang">',
  ]) {
    expect(showsNavHeader(page), page).toBe(false)
  }
})

it('kensa asks for a div', () => {
  expect(showsNavHeader('<div id="heroku-header">', 'div')).toBe(true)
  expect(showsNavHeader('<header id="heroku-header">', 'div')).toBe(false)
  expect(showsNavHeader('<script src="/boomerang.js">', 'div')).toBe(true)
})

// `npx tsx scripts/docs/take-picture.ts`: takes docs/images/page.png, the README's picture, of the running demo.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../../test/support/chromium.ts'

const PICTURE = fileURLToPath(new URL('../../docs/images/page.png', import.meta.url))
/** Of traffic, so that the chart over the lines has a shape. */
const PLAYING_MS = 60_000

const demo = spawn('npm', ['run', '--silent', 'demo'], { stdio: ['ignore', 'pipe', 'inherit'] })
const browser = await launchChromium()
try {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 720 },
    colorScheme: 'light',
    locale: 'en-US',
  })
  await page.goto(await firstAddress())
  await page.waitForSelector('.window > .row')
  await sleep(PLAYING_MS)
  await page.screenshot({ path: PICTURE })
} finally {
  await browser.close()
  demo.kill('SIGINT')
  await once(demo, 'exit')
}

/** The demo prints the address that signs in first. */
async function firstAddress(): Promise<string> {
  for await (const line of createInterface({ input: demo.stdout })) {
    const address = /https?:\/\/\S+/.exec(line)?.[0]
    if (address !== undefined) return address
  }
  throw new Error('the demo ended without printing an address')
}

// The one style sheet. A string, not a .css file: the build carries TypeScript only. Served under a name made of its
// contents, so that a browser may keep it for ever.
import { createHash } from 'node:crypto'

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1c2024, #e6e8eb);
  --faint: light-dark(#5a6068, #a2a9b2);
  --page: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f3f4f6, #1e2226);
  --line: light-dark(#d9dce0, #343a40);
  --link: light-dark(#1554b8, #8ab8ff);
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; padding: .25rem .75rem; background: var(--page); }
.bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: .75rem 1rem;
  background: var(--raised); border-bottom: 1px solid var(--line); }
.bar h1 { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere; }
.bar p { margin: 0; color: var(--faint); }
.bar a { margin-left: auto; }
main { padding: 1rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
input { flex: 1 1 16rem; max-width: 40rem; }
input, button { font: inherit; padding: .4rem .7rem; color: inherit; background: var(--page);
  border: 1px solid var(--faint); border-radius: .3rem; }
button { background: var(--raised); cursor: pointer; }
.pages { display: flex; gap: 1.5rem; margin: .75rem 0; }
table { width: 100%; border-collapse: collapse; font: .82rem/1.45 var(--mono); }
caption { text-align: left; font: .9rem system-ui, sans-serif; color: var(--faint); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .15rem .75rem .15rem 0;
  border-bottom: 1px solid var(--line); }
th { font-family: system-ui, sans-serif; }
td { white-space: nowrap; }
td.message { width: 100%; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.understood { color: var(--faint); font-size: .9rem; }
.understood p, .understood ul { margin: .4rem 0; }
.empty, .notice { max-width: 42rem; margin: 2rem auto; }
.notice h1 { font-size: 1.3rem; }
code { font-family: var(--mono); }
@media (max-width: 45rem) {
  thead { position: absolute; left: -999rem; }
  tr { display: block; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  td { display: inline; border: 0; color: var(--faint); }
  td.message { display: block; color: var(--text); }
}
`

export const STYLE_PATH = `/style-${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}.css`

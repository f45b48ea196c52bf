import { describe, expect, it } from 'vitest'
import { html } from '../../src/page/html.ts'

describe('html', () => {
  it('escapes text wherever it stands', () => {
    expect(html`<a title="${`"'<>&`}">${'<b>'}</a>`.markup).toBe(
      '<a title="&quot;&#39;&lt;&gt;&amp;">&lt;b&gt;</a>',
    )
  })

  it('takes markup of its own making as it is, once and in lists', () => {
    const items = ['a', '<'].map((text) => html`<li>${text}</li>`)
    expect(html`<ul>${items}</ul>${html`<p>${1}</p>`}`.markup).toBe(
      '<ul><li>a</li><li>&lt;</li></ul><p>1</p>',
    )
  })

  it('leaves nothing where there is nothing, and zero where there is zero', () => {
    expect(html`[${null}${false}${''}${0}]`.markup).toBe('[0]')
  })

  it('does not take an object that looks like markup for markup', () => {
    const forged = JSON.parse('{"markup":"<script>"}')
    expect(() => html`${forged}`).toThrow()
  })
})

// Reads batches of [kind, text, hrefs] as JSON lines; answers each with its findings: [renderer, class, kind, detail].
import {createInterface} from 'node:readline'
import {judge, links} from './judge.mjs'
import {BLOCK, FENCELESS, INLINE} from './renderers.mjs'

const AS_HTML = {'as html': text => `<p>${text}</p>`}
const AS_URL = {'url in href': text => `<a href="${text}">x</a>`, 'url as html': text => `<p>${text}</p>`}
// Showdown and the oldest Markdown know no address with brackets in it.
const AUTOLINK = Object.fromEntries(
  Object.entries(BLOCK)
    .filter(([name]) => !name.startsWith('showdown') && !FENCELESS.has(name))
    .map(([name, render]) => [name, text => render(`<${text}>`)]),
)
const FENCE = /^[ \t>*+\-\d.)]*`{3}/m
const KINDS = {
  block: BLOCK,
  line: {
    ...BLOCK,
    ...AS_HTML,
    ...Object.fromEntries(Object.entries(INLINE)),
  },
  url: {...AS_URL, ...AUTOLINK},
}

function findings([kind, text, hrefs]) {
  const known = links(kind === 'url' ? [...hrefs, text] : hrefs)
  const judged = new Map()
  const found = []
  for (const [name, render] of Object.entries(KINDS[kind])) {
    let html
    try {
      html = render(text)
    } catch (error) {
      found.push([name, 'failed', error.name, String(error.message).slice(0, 200)])
      continue
    }
    if (!judged.has(html)) judged.set(html, judge(html, known))
    const unfenced = FENCELESS.has(name) && FENCE.test(text)
    for (const [level, ...rest] of judged.get(html)) found.push([name, unfenced && level !== 'autolinked' ? 'unfenced' : level, ...rest])
  }
  return found
}

process.stdout.write(`${JSON.stringify(Object.fromEntries(Object.entries(KINDS).map(([kind, all]) => [kind, Object.keys(all)])))}\n`)
for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  process.stdout.write(`${JSON.stringify(JSON.parse(line).map(findings))}\n`)
}

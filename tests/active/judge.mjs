// What is active in a piece of HTML, as a browser would parse it.
import {parse} from 'parse5'

const BASE = 'https://ui.invalid/'
const FORMATTING = new Set(
  `html head body p h1 h2 h3 h4 h5 h6 em strong code pre ul ol li blockquote table thead tbody tr th td
   br hr a del s u sup section`.split(/\s+/),
)
const PLAIN = new Set(
  `title class align start rel target lang aria-label aria-describedby data-footnotes data-footnote-ref
   data-footnote-backref`.split(/\s+/),
)
const HEADING = /^(h[1-6]|th)$/
// Alignment of cells, and the task lists of showdown: their own words, no text of the page.
const STYLES =
  /^(text-align: ?(left|right|center);?|list-style-type: none;|margin: 0px 0\.35em 0\.25em -1\.6em; vertical-align: middle;)$/
const EMOJI = 'https://assets-cdn.github.com/images/icons/emoji/' // of showdown, for :octocat:
const ITS_NAME = // for :showdown:
  "font-family: 'Anonymous Pro', monospace; text-decoration: underline; text-decoration-style: dashed; text-decoration-color: #3e8b8a;text-underline-position: under;"
const SCHEMES = new Set(['http:', 'https:', 'mailto:'])

function address(value) {
  try {
    return new URL(value, BASE)
  } catch {
    return null
  }
}

export const links = hrefs => new Set(hrefs.map(href => address(href)?.href))

function attribute(tag, {name, value}, known) {
  if (name === 'href' && tag === 'a') {
    const url = address(value)
    if (url === null) return ['autolinked', 'link that no browser follows']
    if (value.startsWith('#')) return null
    if (!SCHEMES.has(url.protocol)) return ['active', `link ${url.protocol}`]
    if (url.protocol !== 'mailto:' && url.href.startsWith(BASE)) return ['active', 'relative link']
    return known.has(url.href) ? null : ['autolinked', 'link']
  }
  if (name === 'style' && STYLES.test(value)) return null
  if (name === 'id' && (HEADING.test(tag) || value.startsWith('user-content-') || value === 'footnote-label')) return null
  if (PLAIN.has(name)) return null
  return ['active', `attribute ${name}`]
}

function element(node, known) {
  const {tagName: tag, attrs} = node
  const has = name => attrs.some(each => each.name === name)
  if (tag === 'input') {
    const own = attrs.every(
      ({name, value}) =>
        ['disabled', 'checked'].includes(name) || (name === 'type' && value === 'checkbox') ||
        (name === 'style' && STYLES.test(value)),
    )
    return own && has('disabled') ? [] : [['active', 'element input']]
  }
  if (tag === 'title' && node.parentNode.tagName === 'head') return []
  if (tag === 'meta' && node.parentNode.tagName === 'head' && !has('http-equiv')) return []
  if (tag === 'img' && attrs.length === 5 && attrs.some(({name, value}) => name === 'src' && value.startsWith(EMOJI)))
    return [['autolinked', 'emoji']]
  if (tag === 'span' && attrs.length === 1 && attrs[0].value === ITS_NAME) return [['autolinked', 'emoji']]
  if (!FORMATTING.has(tag) || node.namespaceURI !== 'http://www.w3.org/1999/xhtml') return [['active', `element ${tag}`]]
  return attrs.map(each => attribute(tag, each, known)).filter(Boolean)
}

// Most of what is rendered: nothing but these tags, so that no parser can see anything else.
const SIMPLE =
  /^(?:[^<]|<\/?(?:p|h[1-6]|em|strong|code|pre|[uo]l|li|blockquote|table|thead|tbody|tr|t[hd]|[bh]r|del|s)(?: (?:class|start)="[-\w ]*")?(?: \/)?>)*$/
const HEADING_ID = /(<(?:h[1-6]|th)) id="[^"<>]*"/g

/** Finds [class, kind, detail]: class is active, autolinked or comment. */
export function judge(html, known) {
  if (SIMPLE.test(html.replaceAll(HEADING_ID, '$1'))) return []
  const found = []
  const waiting = [...parse(html).childNodes]
  while (waiting.length) {
    const node = waiting.pop()
    if (node.nodeName === '#comment') found.push(['comment', 'comment', node.data.slice(0, 200)])
    if (node.tagName) {
      const shown = () => `<${node.tagName} ${node.attrs.map(({name, value}) => `${name}=${value}`).join(' ')}>`.slice(0, 300)
      for (const [level, kind] of element(node, known)) found.push([level, kind, shown()])
    }
    if (node.content) waiting.push(...node.content.childNodes)
    if (node.childNodes) waiting.push(...node.childNodes)
  }
  return found
}

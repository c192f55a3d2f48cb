// Renderers that let raw HTML and any link through, as a user interface that trusts the database may.
import {HtmlRenderer, Parser} from 'commonmark'
import MarkdownIt from 'markdown-it'
import {Marked} from 'marked'
import {micromark} from 'micromark'
import {gfm, gfmHtml} from 'micromark-extension-gfm'
import showdown from 'showdown'

function markdownIt(preset, options = {}, validate = false) {
  const renderer = new MarkdownIt(preset, {html: true, ...options})
  if (!validate) renderer.validateLink = () => true
  return renderer
}

const typed = {linkify: true, typographer: true, breaks: true}
const its = {
  'markdown-it commonmark': markdownIt('commonmark', {}, true),
  'markdown-it commonmark, any link': markdownIt('commonmark'),
  'markdown-it default': markdownIt('default', {}, true),
  'markdown-it default, linkify, any link': markdownIt('default', typed),
  'markdown-it zero': markdownIt('zero'),
}
const markeds = {
  'marked gfm': new Marked({gfm: true}),
  'marked gfm, breaks': new Marked({gfm: true, breaks: true}),
  'marked plain': new Marked({gfm: false}),
  'marked pedantic': new Marked({gfm: false, pedantic: true}),
}

function commonmark() {
  const parser = new Parser()
  const writer = new HtmlRenderer({safe: false})
  return text => writer.render(parser.parse(text))
}

function down(flavor) {
  const converter = new showdown.Converter()
  converter.setFlavor(flavor)
  converter.setOption('ghMentionsLink', 'https://github.com/{u}') // allOn makes it no address
  return text => converter.makeHtml(text)
}

function micro() {
  const dangerous = {allowDangerousHtml: true, allowDangerousProtocol: true}
  const options = {...dangerous, extensions: [gfm()], htmlExtensions: [gfmHtml()]}
  return text => micromark(text, options)
}

const perRenderer = (renderers, method) =>
  Object.fromEntries(Object.entries(renderers).map(([name, renderer]) => [name, text => renderer[method](text)]))

export const BLOCK = {
  ...perRenderer(its, 'render'),
  ...perRenderer(markeds, 'parse'),
  'commonmark.js': commonmark(),
  'showdown vanilla': down('vanilla'),
  'showdown github': down('github'),
  'showdown original': down('original'),
  'showdown ghost': down('ghost'),
  'showdown allOn': down('allOn'),
  'micromark gfm': micro(),
}
// They know no fences, so that all code which stands in one is text to them.
export const FENCELESS = new Set(['marked pedantic', 'showdown original'])
export const INLINE = {
  'markdown-it, inline': text => its['markdown-it default, linkify, any link'].renderInline(text),
  'marked gfm, inline': text => markeds['marked gfm'].parseInline(text),
}

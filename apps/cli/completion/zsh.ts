/** Completion for zsh. */
import { everywhere, type Offer, type Place } from './places.ts'

export function zshCompletion(places: readonly Place[]): string {
  const known = places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join(' ')
  const cases = places.map(
    ({ path, words, options }) =>
      `    '${path}') offered=(${[...words, ...options].map(described).join(' ')}) ;;`,
  )
  return `#compdef b3iq
# zsh completion of b3iq. In ~/.zshrc, after compinit: source <(b3iq completion zsh)
_b3iq() {
  local place='' longer word
  local -a known offered everywhere
  known=(${known})
  everywhere=(${everywhere.map(described).join(' ')})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    longer="\${place:+$place }$word"
    (( \${known[(Ie)$longer]} )) && place=$longer
  done
  case "$place" in
${cases.join('\n')}
  esac
  _describe 'b3iq' offered -- everywhere || _files
}
compdef _b3iq b3iq`
}

/** A colon divides the word from its help. */
const described = ({ word, help }: Offer): string =>
  `'${word}:${help.replace(/:/g, '\\:').replace(/'/g, `'\\''`)}'`

/** Completion for bash. */
import { everywhere, type Place } from './places.ts'

export function bashCompletion(places: readonly Place[]): string {
  const known = places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join('|')
  const cases = places.map(({ path, words, options }) => {
    const offered = [...words, ...options].map(({ word }) => word).join(' ')
    return `    '${path}') offered='${offered}' ;;`
  })
  return `# bash completion of b3iq. In ~/.bashrc: source <(b3iq completion bash)
_b3iq() {
  local current=\${COMP_WORDS[COMP_CWORD]} place='' longer offered='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    longer="\${place:+$place }\${COMP_WORDS[at]}"
    case "$longer" in ${known}) place=$longer ;; esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$offered ${everywhere.map(({ word }) => word).join(' ')}" -- "$current"))
}
complete -o default -F _b3iq b3iq`
}

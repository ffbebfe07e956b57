/** Completion for fish. */
import { everywhere, type Offer, type Place } from './places.ts'

export function fishCompletion(places: readonly Place[]): string {
  const known = places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join(' ')
  const lines = places.flatMap(({ path, words, options }) => {
    const here = `complete -c b3iq -n "__b3iq_at '${path}'"`
    return [
      ...words.map(({ word, help }) => `${here} -f -a ${word} -d ${quoted(help)}`),
      ...options.map((option) => `${here} ${optionText(option)}`),
    ]
  })
  return `# fish completion of b3iq: b3iq completion fish > ~/.config/fish/completions/b3iq.fish
function __b3iq_at
  set -l place
  for word in (commandline -opc)[2..]
    set -l longer (string join -- ' ' $place $word)
    if contains -- $longer ${known}
      set place $longer
    end
  end
  test "$place" = "$argv"
end
${lines.join('\n')}
${everywhere.map((option) => `complete -c b3iq ${optionText(option)}`).join('\n')}`
}

const optionText = ({ word, help }: Offer): string =>
  `-l ${word.replace(/^--/, '')} -d ${quoted(help)}`

const quoted = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`

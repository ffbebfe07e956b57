// The words the demo model can say and which may follow which. Every word is three to six
// characters, so that with its leading space each token is four to seven bytes: whatever the
// weights do, the bytes per completion token stay between those bounds.

/** `start` is everything that is not one of the model's words: the prompt's own tokens. */
export const successors = {
  start: ['opener'],
  opener: ['subjectAdjective', 'subject'],
  subjectAdjective: ['subject'],
  subject: ['verb'],
  verb: ['determiner'],
  determiner: ['adjective', 'thing'],
  adjective: ['thing'],
  thing: ['preposition', 'conjunction', 'closer'],
  preposition: ['determiner'],
  conjunction: ['subjectDeterminer'],
  subjectDeterminer: ['subjectAdjective', 'subject'],
  closer: ['opener'],
} as const

export type WordClass = keyof typeof successors
type SpokenClass = Exclude<WordClass, 'start'>

const split = (list: string): readonly string[] => list.trim().split(/\s+/)

export const words: Readonly<Record<SpokenClass, readonly string[]>> = {
  opener: split('The This That Each Every Our Your Her His One Any Some'),
  subjectDeterminer: split('this each every one our his'),
  subjectAdjective: split(`
    old young kind brave quiet calm clever honest gentle proud tired happy hungry patient
    wise tall lucky silent modern lonely famous humble`).filter((word) => word.length <= 6),
  subject: split(`
    farmer sailor baker writer doctor girl boy child friend sister uncle cousin pilot king
    queen miner judge tailor nurse guard guest artist poet singer hunter driver keeper
    dog cat horse bird fox owl crow wolf rabbit spider fish river wind storm train ship
    engine robot moon city market school`),
  verb: split(`
    holds keeps finds sees makes takes gives brings moves turns opens closes reads writes
    builds paints meets joins leads needs loves likes wants knows shows helps saves sends
    pulls lifts warms cools covers shapes passes guards counts stores weighs shares mends
    hears carves paves tests`),
  determiner: split('the that some any her your its'),
  adjective: split(`
    small bright green early long warm cold clear deep soft plain new open wide light fresh
    slow quick round clean dark pale narrow silver golden simple steady hidden empty sharp
    sweet rich dry blue red heavy wooden broken`),
  thing: split(`
    stone house garden bridge window door table lamp letter book map key coin boat road
    field forest valley hill lake shore island tower wall roof floor bell clock mirror
    basket bottle cup plate bread apple honey salt water fire smoke snow rain cloud star
    shadow song story secret answer signal number memory dream circle corner branch leaf
    seed root flower feather rope wheel ladder hammer needle thread ribbon blanket candle
    paper pencil picture`).filter((word) => word.length <= 6),
  preposition: split(`
    with under over near from into above below behind beside inside around across beyond
    after before along toward`),
  conjunction: split('and but while yet when where until'),
  closer: split(`
    today. again. alone. later. first. often. twice. there. here. soon. daily. now. well.
    still. apart. away. home. aloud. ahead. best.`),
}

export const spokenClasses: readonly SpokenClass[] = [
  'opener',
  'subjectDeterminer',
  'subjectAdjective',
  'subject',
  'verb',
  'determiner',
  'adjective',
  'thing',
  'preposition',
  'conjunction',
  'closer',
]

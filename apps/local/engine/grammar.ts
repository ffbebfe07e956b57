// The words the demo model can say and which class of word may follow which. Every word is three
// to six characters, so with its leading space each is four to seven bytes: whatever the weights
// do, the bytes per completion token stay within those bounds.

import assert from 'node:assert/strict'

/** `start` is any token of a prompt; every other class has words of its own. */
export const wordClasses = [
  'start',
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
] as const

export type WordClass = (typeof wordClasses)[number]

/** The classes that may come after each class. */
export const successors: Readonly<Record<WordClass, readonly WordClass[]>> = {
  start: ['opener'],
  opener: ['subjectAdjective', 'subject'],
  subjectDeterminer: ['subjectAdjective', 'subject'],
  subjectAdjective: ['subject'],
  subject: ['verb'],
  verb: ['determiner'],
  determiner: ['adjective', 'thing'],
  adjective: ['thing'],
  thing: ['preposition', 'conjunction', 'closer'],
  preposition: ['determiner'],
  conjunction: ['subjectDeterminer'],
  closer: ['opener'],
}

const list = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')

export const wordsOf: Readonly<Record<WordClass, readonly string[]>> = {
  start: [],
  opener: list('The This That Each Every Our Your Her His One Any Some'),
  subjectDeterminer: list('this each every one our his'),
  subjectAdjective: list(`
    old young kind brave quiet calm clever honest gentle proud tired happy hungry wise tall
    lucky silent modern lonely famous humble`),
  subject: list(`
    farmer sailor baker writer doctor girl boy child friend sister uncle cousin pilot king
    queen miner judge tailor nurse guard guest artist poet singer hunter driver keeper dog
    cat horse bird fox owl crow wolf rabbit spider fish river wind storm train ship engine
    robot moon city market school`),
  verb: list(`
    holds keeps finds sees makes takes gives brings moves turns opens closes reads writes
    builds paints meets joins leads needs loves likes wants knows shows helps saves sends
    pulls lifts warms cools covers shapes passes guards counts stores weighs shares mends
    hears carves paves tests`),
  determiner: list('the that some any her your its'),
  adjective: list(`
    small bright green early long warm cold clear deep soft plain new open wide light fresh
    slow quick round clean dark pale narrow silver golden simple steady hidden empty sharp
    sweet rich dry blue red heavy wooden broken`),
  thing: list(`
    stone house garden bridge window door table lamp letter book map key coin boat road field
    forest valley hill lake shore island tower wall roof floor bell clock mirror basket bottle
    cup plate bread apple honey salt water fire smoke snow rain cloud star shadow song story
    secret answer signal number memory dream circle corner branch leaf seed root flower rope
    wheel ladder hammer needle thread ribbon candle paper pencil`),
  preposition: list(`
    with under over near from into above below behind beside inside around across beyond
    after before along toward`),
  conjunction: list('and but while yet when where until'),
  closer: list(`
    today. again. alone. later. first. often. twice. there. here. soon. daily. now. well.
    still. apart. away. home. aloud. ahead. best.`),
}

export const wordCharacters = { min: 3, max: 6 } as const

const everyWord = Object.values(wordsOf).flat()
assert.equal(new Set(everyWord).size, everyWord.length, 'A word is listed twice.')
for (const { length } of everyWord) {
  assert(length >= wordCharacters.min && length <= wordCharacters.max, 'A word has a wrong length.')
}

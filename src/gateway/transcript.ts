/**
 * A transcription as a host gives it, read into what a customer is shown: the text alone, or the text with its
 * places in the recording, of which subtitles are made.
 */
import * as z from 'zod'
import type { Document } from '../protocol/document.ts'
import type { TranscriptFormat } from '../protocol/transcription-request.ts'
import type { PlainText } from './answer-form.ts'

const Seconds = z.number().min(0).max(1_000_000)
/** A part of the text and its place; whatever else a runtime says of it is left out. */
export const Segment = z.object({
  id: z.int().optional(),
  seek: z.number().optional(),
  start: Seconds,
  end: Seconds,
  text: z.string(),
  tokens: z.array(z.int()).optional(),
  temperature: z.number().optional(),
  avg_logprob: z.number().nullish(),
  compression_ratio: z.number().nullish(),
  no_speech_prob: z.number().nullish(),
})
export const Word = z.object({ word: z.string(), start: Seconds, end: Seconds })
const Plain = z.object({ text: z.string() })
const Verbose = z.object({
  task: z.string().max(32).default('transcribe'),
  language: z.string().max(64).default('unknown'),
  text: z.string(),
  segments: z.array(Segment).optional(),
  words: z.array(Word).optional(),
})
/** Subtitles need the places of texts. */
const Subtitled = Verbose.required({ segments: true })

/** Undefined where the host left out what the format needs. */
export function readTranscript(
  document: Document,
  { format, seconds }: { readonly format: TranscriptFormat; readonly seconds: number },
): Document | undefined {
  if (format === 'json' || format === 'text') return Plain.safeParse(document).data
  const read = (format === 'verbose_json' ? Verbose : Subtitled).safeParse(document).data
  return read && { ...read, duration: seconds }
}

export function subtitlesOf(shown: Document, format: 'srt' | 'vtt'): PlainText {
  const { segments } = Subtitled.parse(shown)
  const cues = segments.map(({ start, end, text }, at) => {
    const times = `${timeOf(start, format)} --> ${timeOf(end, format)}`
    // An empty line would end the cue.
    const lines = text.trim().replace(/\n\s*\n/g, '\n')
    return format === 'srt' ? `${at + 1}\n${times}\n${lines}\n` : `${times}\n${lines}\n`
  })
  return format === 'srt'
    ? { contentType: 'application/x-subrip; charset=utf-8', text: cues.join('\n') }
    : { contentType: 'text/vtt; charset=utf-8', text: ['WEBVTT\n', ...cues].join('\n') }
}

/** `00:00:01,500`, or with a point in WebVTT. */
function timeOf(seconds: number, format: 'srt' | 'vtt'): string {
  const ms = Math.round(seconds * 1_000)
  const digits = (value: number, count = 2) => String(value).padStart(count, '0')
  const hours = digits(Math.floor(ms / 3_600_000))
  const minutes = digits(Math.floor(ms / 60_000) % 60)
  const whole = digits(Math.floor(ms / 1_000) % 60)
  return `${hours}:${minutes}:${whole}${format === 'srt' ? ',' : '.'}${digits(ms % 1_000, 3)}`
}

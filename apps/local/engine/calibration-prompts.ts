// Conversations that look like what customers send: questions, instructions, code, data and
// several scripts, alone, under a system message and as exchanges of several turns.

import type { ChatMessage } from './chat-template.ts'

const systemTexts = [
  'You are a helpful assistant.',
  'Answer in one short paragraph. If you do not know, say so.',
  'You review code. Name the file, the line and the fault; propose the smallest change.',
]

const replies = [
  'Yes.',
  'It depends on the size of the input: for small lists either will do.',
  'Here is one way to do it:\n\n1. Read the file.\n2. Sort the rows by date.\n3. Write the result.',
]

const userTexts = [
  'Hello!',
  'Hi, what can you do?',
  'Why is the sky blue?',
  'What is 17 * 23?',
  'Translate to French: the train leaves at noon.',
  'Write a haiku about autumn rain.',
  'Give me three names for a bakery that only sells rye bread.',
  'Explain the difference between a process and a thread to someone who cooks for a living.',
  'Summarise the plot of a story in which a lighthouse keeper finds a letter in a bottle.',
  'Draft a polite e-mail that asks the landlord to repair the heating before the weekend.',
  'Rewrite in plain English: The party of the first part shall indemnify the party of the second.',
  'List the steps for changing a bicycle tyre, with the tools needed for each of them.',
  'Classify the sentiment as positive, neutral or negative: "The soup was cold, the staff kind."',
  'I have 40 m of fence. What is the largest rectangular garden I can enclose along a river?',
  'Plan two days in Lisbon for a family with a toddler and a grandmother who walks slowly.',
  'Compare PostgreSQL and SQLite for an offline-first note-taking app. Be concrete about sync.',
  'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nMake this fast for n = 10_000.',
  'const sum = (xs) => xs.reduce((a, b) => a + b)\n// Why does sum([]) throw?',
  'SELECT c.name, SUM(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1;',
  'fn main() {\n    let v = vec![1, 2, 3];\n    let first = &v[0];\n    v.push(4);\n}\nFix it.',
  '{"id": 7, "tags": ["a", "b"], "price": {"amount": "12.50", "currency": "EUR"}}\nWrite a schema.',
  '#!/bin/sh\nfor f in *.log; do gzip -9 "$f" && mv "$f.gz" /archive/; done\nMake it safe.',
  'date,city,mm\n2024-01-01,Oslo,3.2\n2024-01-02,Oslo,0.0\n2024-01-01,Bergen,14.8\nWhich is wettest?',
  'TypeError: Cannot read properties of undefined (reading "map")\n    at List (List.jsx:14:22)',
  '<ul>\n  <li class="item">one</li>\n  <li class="item">two</li>\n</ul>\nCentre this with CSS.',
  '¿Cuál es la diferencia entre «por» y «para»? Dame cinco ejemplos sencillos.',
  'Erkläre in zwei Sätzen, warum Brücken Dehnungsfugen brauchen.',
  'Напиши короткое стихотворение о зимнем море.',
  '東京から京都まで新幹線で何時間かかりますか。',
  '请用三句话解释什么是机器学习。',
  'اكتب رسالة قصيرة أشكر فيها جاري على مساعدته.',
  'Rate these from 1 to 5: 🍕 🥗 🍣 🍔 — and say why 🙂',
]

const user = (text: string): ChatMessage => ({ role: 'user', text })
const assistant = (text: string): ChatMessage => ({ role: 'assistant', text })
const system = (text: string): ChatMessage => ({ role: 'system', text })

/** The item `step` places on, going round. */
const after = (items: readonly string[], index: number, step: number): string =>
  items[(index + step) % items.length] ?? ''

/** 128 conversations, always the same. */
export const calibrationConversations: readonly (readonly ChatMessage[])[] = userTexts.flatMap(
  (text, index) => [
    [user(text)],
    [system(after(systemTexts, index, 0)), user(text)],
    [
      system(after(systemTexts, index, 1)),
      user(after(userTexts, index, 5)),
      assistant(after(replies, index, 0)),
      user(text),
      assistant(after(replies, index, 1)),
      user(after(userTexts, index, 11)),
    ],
    [user([0, 7, 13, 19].map((step) => after(userTexts, index, step)).join('\n\n'))],
  ],
)

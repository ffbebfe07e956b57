// What may know what, read from the imports themselves. Every message names the file, what it does
// and the rule; `architecture/rules.test.ts` shows that each rule catches what it is for.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ambientViolations, staleExceptions } from './architecture/ambient.ts'
import { importCycles } from './architecture/cycles.ts'
import {
  dependencyViolations,
  laptopViolations,
  lengthViolations,
  mockViolations,
  placeViolations,
  zodViolations,
} from './architecture/house-rules.ts'
import { parseSource } from './architecture/source-file.ts'
import { importViolations } from './architecture/zones.ts'

const root = join(import.meta.dirname, '..')
const programRoots = ['src', 'functions', 'apps', 'infra', 'scripts']
const roots = [...programRoots, 'test', 'bench', 'docs', '.ci']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const entries = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isFile() || roots.includes(entry.name))
  .flatMap((entry) => (entry.isFile() ? [entry] : within(entry.name)))
  .map((entry) => ({ path: pathOf(entry), isFolder: entry.isDirectory() }))

function within(folder: string) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
}

function pathOf({ parentPath, name }: { readonly parentPath: string; readonly name: string }) {
  return join(parentPath, name)
    .slice(root.length + 1)
    .replaceAll('\\', '/')
}

const paths = entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path)
const folders = new Set(entries.filter(({ isFolder }) => isFolder).map(({ path }) => path))
const files = paths
  .filter((path) => /^[^/]+\/.*\.(ts|tsx|mjs|js)$/.test(path))
  .map((path) => parseSource(path, read(path)))
const programs = files.filter(({ path }) => programRoots.some((one) => path.startsWith(`${one}/`)))
const tests = files.filter(({ path }) => path.startsWith('test/'))

const Dependencies = z.record(z.string(), z.string())
const manifest = z
  .object({
    dependencies: Dependencies,
    optionalDependencies: Dependencies,
    devDependencies: Dependencies,
  })
  .parse(JSON.parse(read('package.json')))

it('reads the whole repository', () => {
  for (const one of programRoots)
    expect(folders.size && programs.some(({ path }) => path.startsWith(`${one}/`)), one).toBe(true)
  expect(programs.flatMap(({ imports }) => imports).length).toBeGreaterThan(500)
})

describe('imports', () => {
  it('stay within what their zone may know', () => {
    expect(programs.flatMap(importViolations)).toEqual([])
  })

  it('of the laptop stack come from its own tests alone', () => {
    expect(files.flatMap(laptopViolations)).toEqual([])
  })

  it('form no ring under src', () => {
    expect(importCycles(programs.filter(({ path }) => path.startsWith('src/')))).toEqual([])
  })

  it('find their file', () => {
    const known = new Set(paths)
    const missing = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, target }) => specifier.startsWith('.') && !known.has(target))
        .map(({ specifier, line }) => `${path}:${line} imports ${specifier}, which does not exist`),
    )
    expect(missing).toEqual([])
  })

  it('name packages that are installed where the file runs', () => {
    expect(files.flatMap((file) => dependencyViolations(file, manifest))).toEqual([])
  })

  it('take zod as a namespace', () => {
    expect(files.flatMap(zodViolations)).toEqual([])
  })
})

describe('time, ids, randomness, network and environment', () => {
  it('reach src through ports', () => {
    expect(programs.flatMap(ambientViolations)).toEqual([])
  })

  it('have no exception that is no longer needed', () => {
    expect(staleExceptions(programs)).toEqual([])
  })
})

describe('files', () => {
  it('are about one thing', () => {
    expect(programs.flatMap(lengthViolations)).toEqual([])
  })

  it('leave nothing for later', () => {
    // The brackets keep this file from finding itself.
    const marks = /\b(TO[D]O|FIX[M]E|XX[X])\b/
    const isText = /\.(ts|tsx|mjs|js|md|json|html|css|sh|yml|yaml)$|\/run$/
    const marked = paths
      .filter((path) => isText.test(path) && path !== 'package-lock.json')
      .flatMap((path) =>
        read(path)
          .split('\n')
          .flatMap((line, at) => (marks.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
      )
    expect(marked).toEqual([])
  })
})

describe('tests', () => {
  it('use fakes', () => {
    expect(tests.flatMap(mockViolations)).toEqual([])
  })

  it('lie where the code lies that they test', () => {
    const specs = tests.filter(({ path }) => path.endsWith('.test.ts'))
    expect(specs.flatMap(({ path }) => placeViolations(path, folders))).toEqual([])
  })
})

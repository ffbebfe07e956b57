// What may know what, read from the imports themselves. Every message names the file, what it does
// and the rule; `architecture/rules.test.ts` shows that each rule catches what it is for.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ambientViolations, staleExceptions } from './architecture/ambient.ts'
import {
  dependencyViolations,
  laptopViolations,
  lengthViolations,
  mockViolations,
  placeViolations,
  zodViolations,
} from './architecture/house-rules.ts'
import { carriedViolations, importCycles } from './architecture/import-graph.ts'
import { parseSource } from './architecture/source-file.ts'
import { importViolations } from './architecture/zones.ts'

const root = join(import.meta.dirname, '..')
const programRoots = ['src', 'functions', 'apps', 'infra', 'scripts']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Paths from the repository root; what is installed, built or written by runs is not ours. */
const entries = ['', ...programRoots, 'test', 'bench', 'docs', '.ci']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: folder !== '' }),
  )
  .map((entry) => ({
    path: relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'),
    isFile: entry.isFile(),
  }))
const paths = entries.filter(({ isFile }) => isFile).map(({ path }) => path)
const folders = new Set(entries.filter(({ isFile }) => !isFile).map(({ path }) => path))

const files = paths
  .filter((path) => /\/.*\.(ts|tsx|mjs|js)$/.test(path))
  .map((path) => parseSource(path, read(path)))
const under = (folder: string) => files.filter(({ path }) => path.startsWith(`${folder}/`))
const programs = programRoots.flatMap(under)
const tests = under('test')

const Dependencies = z.record(z.string(), z.string())
const manifest = z
  .object({
    dependencies: Dependencies,
    optionalDependencies: Dependencies,
    devDependencies: Dependencies,
  })
  .parse(JSON.parse(read('package.json')))

it.each(programRoots)('%s is read with its imports', (folder) => {
  const read = under(folder).flatMap(({ imports }) => imports)
  expect(read.length).toBeGreaterThan(0)
})

describe('imports', () => {
  it('stay within what their zone may know', () => {
    expect(programs.flatMap(importViolations)).toEqual([])
  })

  it('of the laptop stack come from its own tests alone', () => {
    expect(files.flatMap(laptopViolations)).toEqual([])
  })

  it('form no ring under src', () => {
    expect(importCycles(under('src'))).toEqual([])
  })

  it('carry nothing of the gateway into the programs that ship, however far they reach', () => {
    const programsThatShip = /^apps\/(host|cli)\//
    expect(carriedViolations(files, programsThatShip)).toEqual([])
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

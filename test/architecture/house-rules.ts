/** Rules about single files: how packages are imported, how tests are made, how long a file is. */
import type { SourceFile } from './source-file.ts'

const lineCountMax = 300

/** `{ z }` bundles every locale of zod, which costs cold starts. */
export function zodViolations({ path, imports }: SourceFile): string[] {
  return imports
    .filter(({ specifier, names }) => specifier === 'zod' && names.join() !== '*')
    .map(({ line }) => `${path}:${line} imports names from zod: write import * as z from 'zod'`)
}

/** A mocked module proves nothing about the real one. */
export function mockViolations({ path, uses }: SourceFile): string[] {
  return uses
    .filter(({ name }) => /^vi\.(mock|doMock)$/.test(name))
    .map(({ name, line }) => `${path}:${line} uses ${name}: write a fake behind the same port`)
}

export function lengthViolations({ path, lineCount }: SourceFile): string[] {
  return lineCount > lineCountMax
    ? [
        `${path} has ${lineCount} lines: split it, a file is about one thing (${lineCountMax} at most)`,
      ]
    : []
}

const knowsLaptop =
  /^(apps\/local\/|test\/(apps\/local|e2e|hosts|load)\/|test\/support\/local-stack\.ts$)/

/** The laptop stack may know everything because nothing knows it. */
export function laptopViolations({ path, imports }: SourceFile): string[] {
  if (knowsLaptop.test(path)) return []
  return imports
    .filter(({ target }) => target.startsWith('apps/local/'))
    .map(
      ({ specifier, line }) =>
        `${path}:${line} imports ${specifier}: only its own tests may know the laptop stack`,
    )
}

export type Manifest = {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** What runs must be there when the tools are not. Types are gone by then. */
export function dependencyViolations(
  { path, imports }: SourceFile,
  { dependencies, optionalDependencies, devDependencies }: Manifest,
): string[] {
  const runs = /^(src|functions|apps)\//.test(path)
  const installed = { ...dependencies, ...optionalDependencies, ...(runs ? {} : devDependencies) }
  return imports
    .filter(({ isTypeOnly, specifier }) => !isTypeOnly && !/^(\.|node:|$)/.test(specifier))
    .filter(({ specifier }) => !Object.hasOwn(installed, packageOf(specifier)))
    .map(
      ({ specifier, line }) =>
        `${path}:${line} imports ${specifier}: list ${packageOf(specifier)} in package.json` +
        (runs ? ' under dependencies' : ''),
    )
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** Kinds of tests that follow a question, not a folder. */
const ownKinds = [
  'architecture',
  'sim',
  'model',
  'contract',
  'faults',
  'guards',
  'failures',
  'processes',
  'security',
  'load',
  'hosts',
  'interop',
  'e2e',
]

/** `folders`: all folders of the repository. Tests of src leave its name out of their path. */
export function placeViolations(path: string, folders: ReadonlySet<string>): string[] {
  const [kind = '', ...rest] = path.split('/').slice(1, -1)
  const mirrored = [kind, ...rest].join('/')
  if (path === 'test/architecture.test.ts' || ownKinds.includes(kind)) return []
  if (kind !== '' && (folders.has(`src/${mirrored}`) || folders.has(mirrored))) return []
  const folder = kind === '' ? 'src' : `src/${mirrored}`
  return [`${path} mirrors nothing: there is no folder ${folder}${kind ? ` or ${mirrored}` : ''}`]
}

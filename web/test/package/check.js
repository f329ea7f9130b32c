// Checks the npm package as others get it: `npm run package`. It packs, and looks at what is in the tarball, whether
// publint and arethetypeswrong find anything, and whether a program of somebody else compiles with it.

import { createPackageFromTarballData, checkPackage } from '@arethetypeswrong/core';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const web = join(dirname(fileURLToPath(import.meta.url)), '../..');
const temporary = mkdtempSync(join(tmpdir(), 'livews-package-'));
const problems = [];

/** Packs as npm publishes, and returns the tarball's path and the names of the files in it. */
function pack() {
  const options = ['pack', '--json', '--silent', '--pack-destination', temporary];
  // What prepack prints comes before the JSON.
  const output = execFileSync('npm', options, { cwd: web, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [{ filename, files, size }] = JSON.parse(output.slice(output.search(/^\[/m)));
  console.log(`${filename}: ${files.length} files, ${Math.round(size / 1024)} kB`);
  return { tarball: join(temporary, filename), files: files.map((file) => file.path).sort() };
}

/** A module as the browser takes it. */
function code(path) {
  return readFileSync(path, 'utf8').replace(/\/\*[^]*?\*\//g, '');
}

/** Whether a module has nothing but types. */
function isOnlyTypes(path) {
  return code(path).trim() === 'export {};';
}

/** Follows what a file names with a relative path: imports, workers and style sheets, or the types of declarations. */
function reach(dir, name, seen) {
  if (seen.has(name)) return;
  seen.add(name);
  const isType = name.endsWith('.d.ts');
  const source = isType ? readFileSync(join(dir, name), 'utf8') : code(join(dir, name));
  for (const [, path] of source.matchAll(/['"](\.\/[\w.-]+\.(?:js|css))['"]/g)) {
    reach(dir, join(dirname(name), isType ? path.replace(/\.js$/, '.d.ts') : path), seen);
  }
}

/** What is in the tarball is what the entries need, and nothing else. */
function checkFiles(dir, files) {
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const needed = new Set(['package.json', 'README.md', 'LICENSE']);
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      const name = path.replace('./', '');
      if (/\.(js|d\.ts)$/.test(name)) reach(dir, name, needed);
      else needed.add(name);
    }
  }
  for (const name of files) {
    // Types that only private fields have are made, too.
    if (needed.has(name) || name.startsWith('types/') || isOnlyTypes(join(dir, name))) continue;
    problems.push(`${name} is in the package, but nothing needs it`);
  }
  for (const name of needed) if (!files.includes(name)) problems.push(`${name} is not in the package`);
  for (const name of files) if (/(^|\/)(pages|test)\/|\.html$|tsconfig/.test(name)) problems.push(`${name} is in the package`);
  for (const path of manifest.sideEffects) {
    if (!files.includes(path.replace('./', ''))) problems.push(`sideEffects names ${path}, which is not in the package`);
  }
  if (Object.keys(manifest.dependencies ?? {}).length) problems.push('there are run-time dependencies');
  const license = readFileSync(join(web, '../LICENSE'), 'utf8');
  if (readFileSync(join(dir, 'LICENSE'), 'utf8') !== license) problems.push('LICENSE is not that of the project');
}

/** @param {string} tarball */
async function checkByOthers(tarball) {
  const bytes = readFileSync(tarball);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: data }, strict: true });
  for (const message of messages) problems.push(`publint: ${formatMessage(message, pkg, { color: false })}`);
  // A style sheet has no types.
  const options = { excludeEntrypoints: [/\.css$/] };
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(data)), options);
  // These are ES modules: who calls require, or does not know exports (node10), is told so by the manifest.
  const known = ['node10', 'node16-cjs'];
  for (const problem of result.problems ?? []) {
    if (!known.includes(problem.resolutionKind)) problems.push(`arethetypeswrong: ${JSON.stringify(problem)}`);
  }
  if (!result.types) problems.push('arethetypeswrong: there are no types');
}

/** Compiles a program that uses the package, in the ways in which TypeScript finds packages. */
function checkConsumer(dir) {
  copyFileSync(join(web, 'test/package/consumer.ts'), join(dir, 'consumer.ts'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  for (const [module, resolution] of [['ES2022', 'bundler'], ['NodeNext', 'NodeNext']]) {
    const compilerOptions = {
      strict: true, noEmit: true, skipLibCheck: false, target: 'ES2022', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [],
      module, moduleResolution: resolution,
    };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    try {
      execFileSync(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', dir], { encoding: 'utf8' });
    } catch (error) {
      problems.push(`a consumer with moduleResolution ${resolution}:\n${error.stdout}`);
    }
  }
}

try {
  const { tarball, files } = pack();
  const modules = join(temporary, 'node_modules');
  mkdirSync(modules);
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  execFileSync('mv', [join(modules, 'package'), join(modules, 'livews-player')]);
  checkFiles(join(modules, 'livews-player'), files);
  await checkByOthers(tarball);
  checkConsumer(temporary);
  if (!readdirSync(join(web, 'types')).length) problems.push('no types were made');
} finally {
  rmSync(temporary, { recursive: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;

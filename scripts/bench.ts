/**
 * Measures products, training steps and evaluation, with the peak of this processor.
 *
 *     npm run bench
 *     npm run bench -- --isa avx512,js --threads 1 --only 'step mnist'
 *     npm run -s bench -- --json > bench.json
 */
import { bench, formatReport, settingWords } from 'native-mlp/bench'
import { parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    isa: { type: 'string' },
    threads: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
  },
})

const report = await bench({
  isas: flags.isa?.split(','),
  threads: flags.threads?.split(',').map(Number),
  only: flags.only,
  quick: flags.quick,
  onResult: (result) => console.error(`${settingWords(result)}: ${result.case}`),
})
console.log(flags.json ? JSON.stringify(report, null, 2) : formatReport(report))

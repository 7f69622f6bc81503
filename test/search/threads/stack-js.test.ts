import { describeStacks } from './stack-cases.js'

process.env.NATIVE_MLP_BACKEND = 'js'
describeStacks('js')

/** The kinds of cases of a contest, by the names src/bench gives them. */
export const isProduct = (name: string) => name.startsWith('gemm ')
export const isStep = (name: string) => name.startsWith('step mnist ')
export const isSmallFit = (name: string) => /^fit \d/.test(name)
export const isPrediction = (name: string) => /^predict(or)? \d/.test(name)

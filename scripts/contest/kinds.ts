/** The kinds of cases of a contest, by the names src/bench gives them. */
export const isProduct = (name: string) => name.startsWith('gemm ')
export const isStep = (name: string) => name.startsWith('step mnist ')
/** Steps with another optimizer, or on dense float32 rows: those that Node's libraries have no program for. */
export const isOtherStep = (name: string) => /^step (adamW|floats) /.test(name)
export const isSmallFit = (name: string) => /^fit \d/.test(name)
export const isPrediction = (name: string) => /^predict(or)? \d/.test(name)

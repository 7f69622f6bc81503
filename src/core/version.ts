/** Version of this package. A constant, because a bundle has no package.json to read; a test compares the two. */
export const packageVersion = '0.1.0'

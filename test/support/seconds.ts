// The time, as links and tokens have it.

export const seconds = () => Math.floor(Date.now() / 1000)

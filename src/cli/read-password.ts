// Reads a password: from a person, who does not see it typed, or from what is piped in.

import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'

/** More than any password; what is longer was piped in by mistake. */
const MOST_BYTES = 16_384

/** Standard input, as far as it is needed here. */
export type PasswordInput = Readable & { readonly isTTY?: boolean }

/**
 * Asks at a terminal, without echo, or reads all of what is no terminal. One line break at the end does
 * not count.
 *
 * @param prompt is written to `output` where there is a terminal
 * @param interrupt is called at Ctrl-C, once the terminal is as it was
 * @returns undefined where nothing was given, and for what no password is: too long, or not in UTF-8
 */
export async function readPassword(
  input: PasswordInput,
  output: Writable,
  prompt: string,
  interrupt: () => void,
): Promise<string | undefined> {
  const typed = input.isTTY ? await ask(input, output, prompt, interrupt) : await readAll(input)
  return typed?.replace(/\r?\n$/, '') || undefined
}

function ask(
  input: PasswordInput,
  output: Writable,
  prompt: string,
  interrupt: () => void,
): Promise<string | undefined> {
  // readline edits the line, and what it echoes goes nowhere.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input, output: silent, terminal: true, historySize: 0 })
  // The prompt comes once the terminal has stopped echoing.
  output.write(prompt)
  let typed: string | undefined
  return new Promise((resolve) => {
    reader.once('line', (line) => {
      typed = line
      reader.close()
    })
    reader.once('SIGINT', () => {
      reader.close()
      interrupt()
    })
    // Also at Ctrl-D, and where the terminal is gone.
    reader.once('close', () => {
      output.write('\n')
      resolve(typed)
    })
  })
}

async function readAll(input: Readable): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > MOST_BYTES) return undefined
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    return undefined
  }
}

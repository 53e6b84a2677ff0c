/**
 * signalbox, a signaling server for PeerJS clients: the program, and the API for embedding.
 *
 * @example Run it
 * ```sh
 * deno run -A main.ts --port 9000
 * ```
 * @module
 */
import { StartError } from "./adapters/errors.ts";
import { parseCommand } from "./adapters/program/cli.ts";
import { helpText, VERSION_TEXT } from "./adapters/program/help.ts";
import { nameVariables, PROCESS_ENVIRONMENT } from "./adapters/program/environment.ts";
import { configureLog } from "./adapters/observe/log.ts";
import { handleUncaught, start } from "./adapters/program/program.ts";
import { handleSignals } from "./adapters/program/signals.ts";
import { runSubcommand } from "./adapters/program/subcommands.ts";
import { logUselessOption } from "./adapters/observe/start_log.ts";

export * from "./adapters/embed.ts";

/** Runs the command line. Returns the exit code; `null` if the server is now running. */
async function main(): Promise<number | null> {
  const command = parseCommand(Deno.args, PROCESS_ENVIRONMENT);
  switch (command.kind) {
    case "help":
      return print(Deno.stdout, helpText(command.scope), 0);
    case "version":
      return print(Deno.stdout, `${VERSION_TEXT}\n`, 0);
    case "mistake":
      return print(Deno.stderr, `${command.message}\n`, 2);
    case "subcommand":
      return print(...await runSubcommand(command, PROCESS_ENVIRONMENT));
  }
  const log = configureLog(command.settings, Deno.stdout.isTerminal());
  handleUncaught(log);
  command.warnings.forEach(logUselessOption);
  try {
    const starting = start(command.settings, log);
    handleSignals(starting, log);
    await starting;
    return null;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    await log.end();
    const message = nameVariables(error.message, command.variables);
    return print(Deno.stderr, `${message}\n`, error.exitCode);
  }
}

function print(to: typeof Deno.stdout | typeof Deno.stderr, text: string, code: number): number {
  to.writeSync(new TextEncoder().encode(text));
  return code;
}

if (import.meta.main) {
  const code = await main();
  if (code !== null) Deno.exit(code);
}

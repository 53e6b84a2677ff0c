/**
 * Runs the subcommands of the program.
 *
 * @module
 */
import { StartError } from "../errors.ts";
import type { Command } from "./cli.ts";
import type { Environment } from "./environment.ts";
import { demandPermissions, DOCTOR_NEEDS } from "./permissions.ts";
import { Mistake, type Printed } from "./subcommand_line.ts";

type Subcommand = Command & { readonly kind: "subcommand" };

/** Runs a subcommand to its end: where to print what, and the exit code. */
export async function runSubcommand(
  command: Subcommand,
  env: Environment,
): Promise<[to: typeof Deno.stdout | typeof Deno.stderr, text: string, code: number]> {
  try {
    const { text, code } = await run(command, env);
    return [Deno.stdout, text, code];
  } catch (error) {
    if (!(error instanceof Mistake || error instanceof StartError)) throw error;
    return [Deno.stderr, `${error.message}\n`, 2];
  }
}

/** Each loads only what it needs, and the server loads none. */
async function run({ name, args }: Subcommand, env: Environment): Promise<Printed> {
  switch (name) {
    case "check":
      return await (await import("./check.ts")).runCheck(args, env);
    case "doctor": {
      demandPermissions(DOCTOR_NEEDS);
      const { runDoctor } = await import("./doctor_command.ts");
      return await runDoctor(args, env, Deno.stdout.isTerminal() && !Deno.noColor);
    }
    case "health":
      return await (await import("./health_command.ts")).runHealth(args, env);
    case "token":
      return await (await import("./token.ts")).runToken(args, env);
  }
}

/**
 * Breaks of the command line and of variables.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what is given at the start. */
export const COMMAND_BREAKS: readonly Break[] = [
  ...breaksOf("adapters/program/cli.ts", [
    {
      name: "--no-x means yes",
      rules: ["SET-1", "SET-3"],
      find: 'value = "false";',
      put: 'value = "true";',
    },
    {
      name: "a switch takes no word behind it",
      rules: ["SET-4"],
      find: 'isSwitchWord(args[i + 1] ?? "") ? args[++i] : "true"',
      put: '"true"',
    },
    {
      name: "the value of a retired option is an argument",
      rules: ["SET-5"],
      find: 'if (!arg.includes("=") && isValueOfRetired(old, args[i + 1])) i++;',
      put: "",
    },
    {
      name: "a retired option takes the flag behind it",
      rules: ["SET-5"],
      find: 'if (!arg.includes("=") && isValueOfRetired(old, args[i + 1])) i++;',
      put: 'if (!arg.includes("=")) i++;',
    },
    {
      name: "--help all is --help",
      rules: ["SET-12"],
      find: 'normal.isHelpAll ? "all" : "everyday"',
      put: '"everyday"',
    },
    {
      name: "--no-x=value is a value",
      rules: ["SET-2"],
      find: "if (value !== undefined) {\n        return `Option",
      put: "if (value === flag) {\n        return `Option",
    },
    {
      name: "--no-x goes for options that are no switch",
      rules: ["SET-2"],
      find: ' && optionOf(positive).type === "boolean"',
      put: "",
    },
  ]),
  ...breaksOf("adapters/program/environment.ts", [
    {
      name: "a service link is a port",
      rules: ["SET-6"],
      find: " && !isServiceLink(name, text)) return { name, text }",
      put: ") return { name, text }",
    },
    {
      name: "a service link is a misspelt variable",
      rules: ["SET-6"],
      find: 'text === "" || isServiceLink(name, text)',
      put: 'text === ""',
    },
    {
      name: "a misspelt variable is no warning",
      rules: ["SET-6"],
      find: "&& !known.has(name)",
      put: "&& false",
    },
    {
      name: "a message does not name the variables it is about",
      rules: ["SET-6"],
      find: "return named.length === 0 ?",
      put: "return true ?",
    },
  ]),
];

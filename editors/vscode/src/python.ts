// Which Python: the one that the server runs under, and the one of the user's project.
import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { run } from "./processes";

const WINDOWS = process.platform === "win32";
const OLDEST = [3, 10] as const;

/** The part of the Python extension's API that is used here (ms-python.python). */
interface PythonApi {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(
      environment: { path: string },
    ): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** The interpreter inside a virtual environment. */
export function interpreterOf(environment: string): string {
  return WINDOWS
    ? path.join(environment, "Scripts", "python.exe")
    : path.join(environment, "bin", "python");
}

async function pythonApi(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension("ms-python.python");
  try {
    return (await extension?.activate()) as PythonApi | undefined;
  } catch {
    return undefined; // its fault is shown by VS Code
  }
}

/** The interpreter that the user selected in the Python extension, if there is one. */
export async function selectedInterpreter(resource?: vscode.Uri): Promise<string | undefined> {
  const environments = (await pythonApi())?.environments;
  if (environments === undefined) {
    return undefined;
  }
  const active = environments.getActiveEnvironmentPath(resource);
  const resolved = await environments.resolveEnvironment(active).catch(() => undefined);
  return resolved?.executable.uri?.fsPath;
}

/** Call back whenever another interpreter is selected in the Python extension. */
export async function onInterpreterSelected(listen: () => void): Promise<vscode.Disposable> {
  const environments = (await pythonApi())?.environments;
  return environments?.onDidChangeActiveEnvironmentPath(listen) ?? new vscode.Disposable(() => {});
}

/**
 * Interpreters that may run the server or make an environment for it, the most likely first.
 *
 * A workspace that is not trusted names none of them.
 */
export async function* interpreters(): AsyncGenerator<string> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (vscode.workspace.isTrusted) {
    const selected = await selectedInterpreter(folder?.uri);
    if (selected) {
      yield selected;
    }
  }
  const configured = vscode.workspace.getConfiguration("orps").get<string>("python");
  if (configured) {
    yield configured;
  }
  if (vscode.workspace.isTrusted && folder) {
    for (const name of [".venv", "venv"]) {
      const interpreter = interpreterOf(path.join(folder.uri.fsPath, name));
      if (fs.existsSync(interpreter)) {
        yield interpreter;
      }
    }
  }
  yield* WINDOWS ? ["python", "py"] : ["python3", "python"];
}

/** Whether an interpreter has the server installed. */
export async function hasServer(interpreter: string, cwd: string): Promise<boolean> {
  const ran = await run(interpreter, ["-c", "import orps_lsp"], { cwd });
  return ran.code === 0;
}

/** Whether an interpreter is new enough for the server. */
export async function isNewEnough(interpreter: string, cwd: string): Promise<boolean> {
  const program = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST.join(", ")}))`;
  return (await run(interpreter, ["-c", program], { cwd })).code === 0;
}

// The set-up: a world of each test's own, which ends with the test. The simulator is the one whose ready file MSS_READY names, else one
// that is started here and ends with the tests.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const PORTS = ["submission", "mx", "imap", "http"].flatMap((name) => [`--${name}-port`, "0"]);
const first = await ready();

async function ready() {
  const file = process.env.MSS_READY ?? join(mkdtempSync(join(tmpdir(), "mss-sim-")), "ready.json");
  if (!process.env.MSS_READY) {
    const simulator = spawn("mss-sim", ["run", "--memory", "--ready-file", file, "--log-level", "error", ...PORTS], { stdio: "ignore" });
    simulator.unref();
    process.on("exit", () => simulator.kill());
    while (!existsSync(file)) {
      if (simulator.exitCode !== null) throw new Error("mss-sim did not start");
      await setTimeout(50);
    }
  }
  return JSON.parse(readFileSync(file, "utf8"));
}

/** A request to the control plane of a world (as its ready document tells it); the answer, null for an empty one. */
export async function control(world, method, path, body) {
  const headers = { "Content-Type": "application/json", "X-Control-Key": world.control_key ?? "" };
  const answer = await fetch(`${world.http}/control${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.status === 204 ? null : answer.json();
}

/** A world for one test: ports, certificate, personas. */
export async function newWorld(test) {
  const world = await control(first, "POST", "/worlds", {});
  test.after(() => control(first, "DELETE", `/worlds/${world.id}`));
  return world;
}

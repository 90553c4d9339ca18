/**
 * The parts inside a Worker. The clock of workerd stands still while a request computes, so a request says how many calls
 * to make, and who sends it takes the time.
 */
import * as redrive from "../../pkg/workerd.mjs";
import { Receiver } from "@upstash/qstash";
import { callback, calls, repeat } from "./parts.mjs";

const made = {};

export default {
  async fetch(request) {
    const { size, part, who, times, signature } = await request.json();
    made[size] ??= calls(redrive, Receiver, { body: callback(size), signature });
    return Response.json((await repeat(made[size][part][who], times)) ?? null);
  },
};

/** What is sent, and what is hoped for: throughput as a multiple of the official SDKs' Worker. */
const KB = 1024;
const MB = 1024 * KB;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {Omit<import("./rig.mjs").Load, "seconds">} load
 * @property {number} status What every answer has to be.
 * @property {number} goal
 * @property {number} least
 */

/** @type {Case[]} */
export const CASES = [
  { name: "2 KB", load: { kind: "genuine", bytes: 2 * KB, connections: 32 }, status: 200, goal: 1.4, least: 1.2 },
  { name: "64 KB", load: { kind: "genuine", bytes: 64 * KB, connections: 16 }, status: 200, goal: 1.6, least: 1.2 },
  { name: "1 MB", load: { kind: "genuine", bytes: MB, connections: 8 }, status: 200, goal: 2.2, least: 1.4 },
  { name: "10 MB", load: { kind: "genuine", bytes: 10 * MB, connections: 4 }, status: 200, goal: 3.5, least: 2.2 },
  { name: "forged, 2 KB", load: { kind: "forged", bytes: 2 * KB, connections: 32 }, status: 401, goal: 2.5, least: 2.2 },
  { name: "forged, 1 MB", load: { kind: "forged", bytes: MB, connections: 8 }, status: 401, goal: 4.5, least: 4.2 },
  { name: "no signature", load: { kind: "unsigned", bytes: 2 * KB, connections: 32 }, status: 401, goal: 0.95, least: 0.9 },
];

/** The floors check nothing. */
export const isFor = ({ status }, contender) => status === 200 || !["body-and-fetch", "fetch-alone"].includes(contender);

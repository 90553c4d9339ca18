/**
 * A ledger for `createHandler` on Redis, so that all processes of a deployment share their claims. The client is one of
 * `@upstash/redis`, which runs at the edge:
 *
 *     import { Redis } from "@upstash/redis";
 *     const handler = createHandler({ …, ledger: new RedisLedger(Redis.fromEnv()) });
 */
export class RedisLedger {
  #redis;
  #prefix;
  #lease;
  #retention;

  /**
   * @param {{ set: Function, get: Function, del: Function }} redis
   * @param {{ prefix?: string, lease?: number, retention?: number }} [options] `lease`: seconds until a claim that was never
   *   recorded is free again; `retention`: seconds that an outcome is remembered. Default: 2 minutes, 30 days.
   */
  constructor(redis, { prefix = "redrive:", lease = 120, retention = 30 * 24 * 3600 } = {}) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#lease = lease;
    this.#retention = retention;
  }

  async claim(dlqId) {
    const key = this.#prefix + dlqId;
    const isOurs = await this.#redis.set(key, "pending", { nx: true, ex: this.#lease });
    if (isOurs === "OK") return undefined;
    // One that was freed in between is free for the next delivery.
    return (await this.#redis.get(key)) ?? "pending";
  }

  record(dlqId, result) {
    const key = this.#prefix + dlqId;
    return result ? this.#redis.set(key, result, { ex: this.#retention }) : this.#redis.del(key);
  }
}

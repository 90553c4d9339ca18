/**
 * The world outside the workflow: a bank, a carrier that can be out of order, a mail service. They only count, and they live in this
 * isolate's memory; yours are calls to real services.
 */

/** Order id to executions of each step. */
const executions = new Map();

function count(order, step) {
  const counts = executions.get(order.id) ?? { charge: 0, ship: 0, notify: 0 };
  executions.set(order.id, { ...counts, [step]: counts[step] + 1 });
}

/** How often each step ran, failures included: `{ "A-1": { "charge": 1, "ship": 4, "notify": 1 } }`. */
export const stats = () => Object.fromEntries(executions);

export const bank = {
  charge(order) {
    count(order, "charge");
    return `payment-${order.id}`;
  },
};

export const carrier = {
  /** How many parcels it refuses from now on. */
  refuse: 0,
  ship(order) {
    count(order, "ship");
    if (carrier.refuse > 0) {
      carrier.refuse -= 1;
      throw new Error("the carrier is out of order");
    }
    return `parcel-${order.id}`;
  },
};

export const mail = {
  send(order, parcel) {
    count(order, "notify");
    return `order ${order.id} is on its way as ${parcel}`;
  },
};

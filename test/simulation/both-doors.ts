/** Two doors of one node: the street's, for simulated clients, and the product's own, for the product's clients. */
import type { ClientDoor } from '../../transport/ports.js';

export const bothDoors = (street: ClientDoor, own: ClientDoor): ClientDoor => ({
  async open(self, handlers) {
    await street.open(self, handlers);
    // The street says what becomes of the leader's door; this one is not asked.
    await own.open(self, { ...handlers, link: () => undefined });
  },
  async serve(cluster) {
    await street.serve(cluster);
    await own.serve(cluster);
  },
  hearLeader(heard) {
    street.hearLeader(heard);
    own.hearLeader(heard);
  },
  lead(term) {
    street.lead(term);
    own.lead(term);
  },
  retire(term) {
    street.retire(term);
    own.retire(term);
  },
  get feed() {
    return own.feed;
  },
  probe: () => street.probe(),
  get meters() {
    return own.meters;
  },
  async drain() {
    await Promise.all([street.drain(), own.drain()]);
  },
  async close() {
    await street.close();
    await own.close();
  },
});

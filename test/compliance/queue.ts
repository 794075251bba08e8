/** A list that can be waited for. */
export function queue<T>() {
  const items: T[] = [];
  let wake = (): void => undefined;
  return {
    add: (item: T): void => {
      items.push(item);
      wake();
    },
    next: async (): Promise<T> => {
      while (items.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return items.shift() as T;
    },
  };
}

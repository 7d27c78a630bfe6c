const INT_MAX = 2147483647;

/**
 * Returns a generation of a client in a form that PostgreSQL can compare. Schemas accept any integer. A generation that no provider can
 * have becomes -1, so that the response is a conflict, and the statement does not fail.
 */
export function comparableGeneration(generation: number): number {
  return generation >= 0 && generation <= INT_MAX ? generation : -1;
}

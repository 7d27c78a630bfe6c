const INT_MAX = 2147483647;

/**
 * A generation that a client sent, as the database can compare it. Schemas let any integer pass; one that no provider can
 * have becomes -1, so that the response is the conflict it is and not a failure of the statement.
 */
export function comparableGeneration(generation: number): number {
  return generation >= 0 && generation <= INT_MAX ? generation : -1;
}

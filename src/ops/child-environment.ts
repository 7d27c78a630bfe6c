/**
 * The environment of every program that the service starts, workers aside. The service's own holds Keystone's password and
 * more, and the owner of a process can read its environment.
 */
export const CHILD_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

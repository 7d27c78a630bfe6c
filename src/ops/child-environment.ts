/**
 * The environment of every program that the service starts, except workers. The environment of the service itself has secrets, such as the
 * password for Keystone, and the owner of a process can read its environment.
 */
export const CHILD_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

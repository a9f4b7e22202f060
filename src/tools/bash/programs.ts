/**
 * The programs of the shell, one by one, so that a newer just-bash brings none that nobody looked at. Left out are those
 * that reach out of the thread (the network; SQLite and the language runtimes, which run in threads of their own) and
 * archives, which native code unpacks beyond what a thread's heap limit sees.
 */
export const PROGRAMS: readonly string[] = [
  'alias awk base64 basename bash cat chmod clear column comm cp cut date diff dirname du echo egrep env expand expr false',
  'fgrep file find fold grep head help history hostname join jq ln ls md5sum mkdir mv nl od paste printenv printf pwd',
  'readlink rev rg rm rmdir sed seq sh sha1sum sha256sum sleep sort split stat strings tac tail tee time timeout touch tr',
  'tree true unalias unexpand uniq wc which whoami xan xargs yq',
].flatMap((line) => line.split(' '));

/** A query and what it gave on a Debian 12 machine: for the page of sources, written down once. */
export interface SourceExample {
  query: string;
  /** JSON; of a source that the machine cannot have, `error` is what it says instead. */
  row?: string;
  error?: string;
}

/** By source. */
export const EXAMPLES: Readonly<Record<string, SourceExample>> = {
  agent_info: {
    query: "select * from agent_info() where key == 'system'",
    row: '{"key":"system","value":"Linux"}',
  },
  users: {
    query: 'select * from users() where uid == 0',
    row: '{"username":"root","uid":0,"gid":0,"gecos":"root","home":"/root","shell":"/bin/bash"}',
  },
  logins: {
    query: "select * from logins() where type == 'user'",
    row: '{"file":"/run/utmp","type":"user","username":"ann","line":"pts/0","host":"192.0.2.7","address":"192.0.2.7","pid":4242,"time":1795543200}',
  },
  modules: {
    query: 'select * from modules()',
    error: 'modules failed: linux has no source modules: this kernel takes none, there is no /proc/modules',
  },
  registry: {
    query: String.raw`select * from registry(globs: 'HKLM\SOFTWARE\*')`,
    error: 'registry failed: linux has no source registry',
  },
  yara: {
    query: `select * from yara(rules: 'rule shell { strings: $a = "bash" condition: $a }', paths: '/etc/passwd') where string == '$a'`,
    row: '{"path":"/etc/passwd","rule":null,"offset":27,"string":"$a","match":"bash"}',
  },
  osquery: {
    query: "select * from osquery(query: 'select 1')",
    error: 'osquery failed: linux has no source osquery: this machine lacks the program osqueryi',
  },
  mounts: {
    query: "select * from mounts() where target == '/proc'",
    row: '{"target":"/proc","source":"proc","fstype":"proc","options":"rw,relatime","super_options":"rw","root":"/","device":"0:21","mount_id":22,"parent_id":27}',
  },
  interfaces: {
    query: "select * from interfaces() where name == 'lo'",
    row: '{"name":"lo","mac":"00:00:00:00:00:00","state":"unknown","mtu":65536,"addresses":["127.0.0.1/8","::1/128"],"rx_bytes":26789133635,"tx_bytes":26789133635}',
  },
  arp: {
    query: 'select * from arp()',
    row: '{"address":"192.0.2.1","mac":"02:fc:00:00:00:05","interface":"eth0","flags":2}',
  },
  routes: {
    query: 'select * from routes()',
    row: '{"destination":"0.0.0.0/0","gateway":"192.0.2.1","interface":"eth0","metric":0,"flags":3}',
  },
  packages: {
    query: "select * from packages() where name == 'libc6'",
    row: '{"name":"libc6","version":"2.36-9+deb12u14","architecture":"amd64","status":"install ok installed","source":"glibc","size":13313024,"manager":"dpkg"}',
  },
  services: {
    query: "select * from services() where name == 'systemd-journald.service'",
    row: '{"name":"systemd-journald.service","type":"service","state":"static","running":false,"pids":[],"description":"Journal Service","exec_start":"/lib/systemd/systemd-journald","username":null,"path":"/usr/lib/systemd/system/systemd-journald.service"}',
  },
  crontab: {
    query: 'select * from crontab()',
    row: '{"file":"/etc/cron.d/e2scrub_all","schedule":"30 3 * * 0","username":"root","command":"test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron"}',
  },
  pslist: {
    query: "select * from pslist() where Name == 'sleep'",
    row: '{"Name":"sleep","pid":4242,"ppid":23179,"start_time":1795534965.61,"cmdline":"/bin/sleep 60","exe":"/usr/bin/sleep","username":"root","uid":0,"cpu_user":0,"cpu_system":0,"rss":1835008,"threads":1,"state":"S","cwd":"/"}',
  },
  netstat: {
    query: 'select * from netstat() where local_port == 8080',
    row: '{"protocol":"tcp","local_address":"127.0.0.1","local_port":8080,"remote_address":"0.0.0.0","remote_port":0,"state":"LISTEN","pid":23179,"name":"MainThread","uid":0,"username":"root","inode":2186790}',
  },
  lsof: {
    query: 'select * from lsof(pids: 4242)',
    row: '{"pid":4242,"name":"sleep","username":"root","fd":"cwd","type":"directory","mode":null,"offset":null,"path":"/"}',
  },
  environ: {
    query: 'select * from environ(pids: 4242)',
    row: '{"pid":4242,"name":"sleep","key":"LANG","value":"C.UTF-8"}',
  },
  maps: {
    query: 'select * from maps(pids: 4242)',
    row: '{"pid":4242,"name":"sleep","start":"0x5630773c7000","end":"0x5630773c9000","size":8192,"perms":"r--p","offset":0,"device":"fe:00","inode":260875,"path":"/usr/bin/sleep"}',
  },
  glob: {
    query: "select * from glob(globs: '/etc/host*')",
    row: '{"path":"/etc/host.conf","dirname":"/etc","filename":"host.conf","st_mode":33188,"st_mode_str":"-rw-r--r--","st_ino":611,"st_dev":65024,"st_nlink":1,"st_uid":0,"st_gid":0,"st_size":9,"st_atime":1795518220.0443342,"st_mtime":1154970849,"st_ctime":1154970849}',
  },
  stat: {
    query: "select * from stat(paths: '/etc/hostname')",
    row: '{"path":"/etc/hostname","dirname":"/etc","filename":"hostname","st_mode":33261,"st_mode_str":"-rwxr-xr-x","st_ino":612,"st_dev":65024,"st_nlink":1,"st_uid":0,"st_gid":0,"st_size":3,"st_atime":1792201761,"st_mtime":1795518218.940334,"st_ctime":1795518218.940334}',
  },
  find: {
    query: "select * from find(root: '/etc') where filename == 'passwd'",
    row: '{"path":"/etc/passwd","dirname":"/etc","filename":"passwd","st_mode":33188,"st_mode_str":"-rw-r--r--","st_ino":2245705,"st_dev":65024,"st_nlink":1,"st_uid":0,"st_gid":0,"st_size":1339,"st_atime":1795522422.6764722,"st_mtime":1795522422.6742537,"st_ctime":1795522422.6742537}',
  },
  hash: {
    query: "select * from hash(paths: '/etc/debian_version')",
    row: '{"path":"/etc/debian_version","size":6,"md5":null,"sha1":null,"sha256":"f185f08f3d73e2132ff373d55bd6cf50497c760fb117de86f5bf006825649ef3"}',
  },
  read_file: {
    query: "select * from read_file(paths: '/etc/debian_version')",
    row: '{"path":"/etc/debian_version","offset":0,"length":6,"data":"12.11\\n","base64":"MTIuMTEK"}',
  },
  grep: {
    query: "select * from grep(paths: '/etc/passwd', regex: 'root')",
    row: '{"path":"/etc/passwd","offset":0,"match":"root"}',
  },
  hexdump_file: {
    query: "select * from hexdump_file(paths: '/etc/debian_version')",
    row: '{"path":"/etc/debian_version","offset":0,"hex":"31 32 2e 31 31 0a","text":"12.11."}',
  },
};

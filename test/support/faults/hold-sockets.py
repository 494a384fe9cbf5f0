# As systemd's socket activation: binds a port and listens, passes the socket as descriptor 3, and starts the command again when it has ended.
# Arguments: port, how many starts, command. Prints each pid.
import os, socket, subprocess, sys

port, starts, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
held = socket.socket(socket.AF_INET)
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", port))
held.listen(511)
if held.fileno() != 3:
    os.dup2(held.fileno(), 3)
environment = dict(os.environ, LISTEN_FDS="1", LISTEN_FDNAMES="web")
for _ in range(starts):
    child = subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command], pass_fds=(3,), env=environment)
    print("holder started", child.pid, flush=True)
    child.wait()

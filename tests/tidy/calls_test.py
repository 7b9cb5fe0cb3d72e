import support
from tidy_rules import calls


class CallsTest(support.RuleTest):
    group = calls

    def caught(self, rule, path, text):
        self.assert_caught(rule, path, 1, {path: text + "\n"})

    def clean(self, path, text):
        self.assert_clean({path: text + "\n"})

    def test_clock(self):
        self.caught("clock", "ring/swim.cc", "auto t = std::chrono::steady_clock::now();")
        self.caught("clock", "ring/swim.cc", "auto t = time(nullptr);")
        self.caught("clock", "tests/sim/world.cc", "auto t = steady_clock::now();")
        self.clean("ring/swim.cc", "std::chrono::steady_clock::time_point t = clock.now();")
        self.clean("runtime/real_clock.cc", "return std::chrono::steady_clock::now();")
        self.clean("bench/read.cc", "auto t = std::chrono::steady_clock::now();")

    def test_random(self):
        self.caught("random", "tests/ring/placement_test.cc", "std::random_device seed;")
        self.caught("random", "ring/placement.cc", "int x = rand();")
        self.clean("runtime/real_random.cc", "std::random_device device;")
        self.clean("ring/placement.cc", "int x = random.operand(3) + my.rand();")

    def test_thread(self):
        self.caught("thread", "replication/read.cc", "std::thread worker(run);")
        self.caught("thread", "replication/read.cc", "auto f = std::async(run);")
        self.caught("thread", "store/rocks.cc", "std::jthread worker;")
        self.clean("store/commit_thread.cc", "std::thread worker(run);")
        self.clean("replication/read.cc", "std::thread::id owner = std::this_thread::get_id();")
        self.clean("tests/runtime/pool_test.cc", "std::thread worker(run);")

    def test_sleep(self):
        self.caught("sleep", "tests/net/rpc_test.cc", "std::this_thread::sleep_for(1ms);")
        self.caught("sleep", "node/node.cc", "usleep(10);")
        self.clean("runtime/real_timers.cc", "std::this_thread::sleep_until(t);")
        self.clean("node/node.cc", "co_await sleep_for(runtime, 10ms); co_await timers.sleep(10ms);")

    def test_timer(self):
        self.caught("timer", "ring/swim.cc", "asio::steady_timer timer(executor);")
        self.clean("runtime/timers.cc", "asio::steady_timer timer(executor);")

    def test_socket(self):
        self.caught("socket", "node/node.cc", "int s = ::socket(AF_INET, SOCK_STREAM, 0);")
        self.caught("socket", "node/node.cc", "asio::ip::tcp::acceptor acceptor;")
        self.clean("net/tcp.cc", "asio::ip::tcp::acceptor acceptor;")

    def test_detached(self):
        self.caught("detached", "tests/runtime/task_test.cc", "co_spawn(context, run(), asio::detached);")
        self.caught("detached", "runtime/pool.cc", "worker.detach();")
        self.caught("detached", "runtime/pool.cc", "std::thread(run).detach();")
        self.clean("store/engine.cc", "health->detach();")
        self.clean("runtime/task_group.cc", "// never detached\nspawn(run());")

    def test_getenv(self):
        self.caught("getenv", "node/node.cc", 'auto home = std::getenv("HOME");')
        self.clean("node/latium_main.cc", 'auto node = std::getenv("LATIUM_NODE");')

    def test_lock(self):
        self.caught("lock", "replication/read.cc", "std::mutex mutex_;")
        self.caught("lock", "ring/topology.cc", "std::shared_mutex mutex_;")
        self.clean("runtime/blocking_pool.cc", "std::mutex mutex_;")

    def test_comments_and_literals_are_not_calls(self):
        self.clean("ring/swim.cc", "// as steady_clock::now() would\nauto s = \"rand()\"; auto r = R\"(std::thread)\";")
        self.clean("ring/swim.cc", "auto n = 1'000; /* getenv */ auto c = '\"'; auto d = \"detached\";")

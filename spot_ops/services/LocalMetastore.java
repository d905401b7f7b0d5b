import java.net.InetSocketAddress;

import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.IHMSHandler;
import org.apache.hadoop.hive.metastore.TUGIBasedProcessor;
import org.apache.hadoop.hive.thrift.TUGIContainingTransport;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;

/**
 * Hive's metastore service on one address of this machine.
 *
 * <p>The main class of Hive 2.3 always listens on every address, and the metastore knows no
 * password. This one starts the same handler behind a socket that is bound to the address given:
 * {@code LocalMetastore ADDRESS PORT}. Janino (inside pyspark) compiles it when the service starts.
 */
public class LocalMetastore {

    public static void main(String[] args) throws Exception {
        InetSocketAddress address = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
        HiveConf conf = new HiveConf(HiveMetaStore.class);
        IHMSHandler handler = HiveMetaStore.newRetryingHMSHandler(
            new HiveMetaStore.HMSHandler("spot", conf, false), conf);
        TThreadPoolServer.Args server = new TThreadPoolServer.Args(new TServerSocket(address));
        server.processor(new TUGIBasedProcessor(handler));
        server.transportFactory(new TUGIContainingTransport.Factory());
        server.protocolFactory(new TBinaryProtocol.Factory());
        server.minWorkerThreads(2);
        server.maxWorkerThreads(200);
        System.out.println("metastore listens on " + address);
        new TThreadPoolServer(server).serve();
    }
}

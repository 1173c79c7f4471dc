import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** Kafka Streams: one processor adds the header, as its documentation shows. */
public final class KafkaStreamsRoute {

    /** Adds the place of a record to its headers and hands it on. */
    static final class Stamp extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
        private final String header;

        Stamp(String header) {
            this.header = header;
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            RecordMetadata at = context().recordMetadata().orElseThrow();
            String place = "1/" + at.partition() + "/" + at.offset();
            record.headers().add(header, place.getBytes(StandardCharsets.US_ASCII));
            context().forward(record);
        }
    }

    /** Arguments: source, target, name of the header, file of settings. */
    public static void main(String[] given) throws IOException {
        Properties settings = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(given[3]))) {
            settings.load(file);
        }
        ByteArrayDeserializer in = new ByteArrayDeserializer();
        ByteArraySerializer out = new ByteArraySerializer();
        Topology topology = new Topology();
        topology.addSource("in", in, in, given[0]);
        topology.addProcessor("stamp", () -> new Stamp(given[2]), "in");
        topology.addSink("out", given[1], out, out, "stamp");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}

//! Access logs of a web server: which files there are, and how their lines become rows.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::iter;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    ArrayRef, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
    TimestampMicrosecondBuilder, UInt16Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{
    ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics, config_err, exec_err,
};
use datafusion_expr::{Expr, Operator, TableProviderFilterPushDown};
use flate2::read::MultiGzDecoder;
use futures::stream::{self, BoxStream, StreamExt};
use pyo3_datafusion::table::{Partition, Scan, Source, comparison};

use crate::access_log::Line;

/// Large files are read in pieces of so many bytes, in parallel.
const PIECE: u64 = 32 << 20;
/// The sample of a file is so many bytes of its beginning and of its end.
const SAMPLE: u64 = 16 << 10;
/// A server writes a line when a request ends, with the time at which it began. So lines are out
/// of order by as long as a request can take. This is an hour, in microseconds.
const LONGEST_REQUEST: i64 = 3_600_000_000;

/// A file of access logs, or a folder with such files.
#[derive(Debug)]
pub struct AccessLogSource {
    pub path: PathBuf,
    pub counters: Arc<Counters>,
}

/// What a table has done so far, over all queries. It shows what a query costs.
#[derive(Debug, Default)]
pub struct Counters {
    /// Partitions that were opened.
    pub partitions: AtomicU64,
    /// Rows that were produced.
    pub rows: AtomicU64,
    /// Values that were converted: rows times columns.
    pub values: AtomicU64,
    /// Lines that were left out because they are malformed.
    pub malformed: AtomicU64,
}

impl AccessLogSource {
    /// Python sees a `Configuration` error, which `config_err!` makes, as a `ValueError`.
    pub fn try_new(path: &str) -> Result<Self> {
        let source = Self {
            path: path.into(),
            counters: Arc::default(),
        };
        match source.files() {
            Ok(files) if !files.is_empty() => Ok(source),
            Ok(_) => config_err!("no file in {path} has .log in its name"),
            Err(error) => config_err!("{}", error.message()),
        }
    }

    /// The files as they are now, in the order of their names.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let at = |error| failed(&self.path, error);
        if self.path.is_file() {
            return Ok(vec![self.path.clone()]);
        }
        let mut files = vec![];
        for entry in fs::read_dir(&self.path).map_err(at)? {
            let file = entry.map_err(at)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if name.contains(".log") && file.is_file() {
                files.push(file);
            }
        }
        files.sort();
        Ok(files)
    }

    /// The ranges of bytes that a file is read in. A compressed file has to be read from its
    /// beginning, so it is one piece.
    fn ranges(&self, path: &Path) -> Result<Vec<Range<u64>>> {
        if is_compressed(path) {
            return Ok(iter::once(0..u64::MAX).collect());
        }
        let size = size(path)?;
        let starts = (0..size).step_by(PIECE as usize);
        Ok(starts.map(|start| start..size.min(start + PIECE)).collect())
    }
}

#[async_trait]
impl Source for AccessLogSource {
    fn schema(&self) -> SchemaRef {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Arc::new(Schema::new(vec![
            Field::new("host", DataType::Utf8, false),
            Field::new("user", DataType::Utf8, true),
            Field::new("time", time, false),
            Field::new("method", DataType::Utf8, true),
            Field::new("path", DataType::Utf8, true),
            Field::new("status", DataType::UInt16, false),
            Field::new("bytes", DataType::Int64, true),
            Field::new("referer", DataType::Utf8, true),
            Field::new("user_agent", DataType::Utf8, true),
        ]))
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let wanted = scan.filters.iter().filter_map(times);
        let wanted = wanted.fold(i64::MIN..i64::MAX, |all, times| intersect(&all, &times));
        let mut pieces: Vec<Box<dyn Partition>> = vec![];
        for path in self.files()? {
            let sample = Sample::of(&path)?;
            if intersect(&sample.times, &wanted).is_empty() {
                continue;
            }
            for range in self.ranges(&path)? {
                pieces.push(Box::new(Piece {
                    path: path.clone(),
                    range,
                    sample: sample.clone(),
                    limit: scan.limit.unwrap_or(usize::MAX),
                    schema: Arc::clone(&scan.schema),
                    counters: Arc::clone(&self.counters),
                }));
            }
        }
        Ok(pieces)
    }

    /// A filter on `time` leaves out files, but not every line that fails it.
    fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match times(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        }
    }
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(|error| failed(path, error))?;
    Ok(metadata.len())
}

fn failed(path: &Path, error: io::Error) -> DataFusionError {
    DataFusionError::Execution(format!("{}: {error}", path.display()))
}

/// What one thread reads: the lines of a file that begin in a range of its bytes.
#[derive(Debug, Clone)]
struct Piece {
    path: PathBuf,
    range: Range<u64>,
    sample: Sample,
    /// So many rows are enough.
    limit: usize,
    /// The columns to fill.
    schema: SchemaRef,
    counters: Arc<Counters>,
}

impl Partition for Piece {
    fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.counters.partitions.fetch_add(1, Ordering::Relaxed);
        let piece = self.clone();
        let lines = Lines::open(&self.path, self.range.clone())?;
        let batches = stream::try_unfold((lines, self.limit), move |(mut lines, left)| {
            let batch = piece.batch(&mut lines, batch_size.min(left));
            async move {
                let batch = batch?;
                let rows = batch.num_rows();
                Ok((rows > 0).then_some((batch, (lines, left - rows))))
            }
        });
        Ok(batches.boxed())
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let mut statistics = Statistics::new_unknown(schema);
        if let Some(line) = self.sample.line {
            let bytes = (self.range.end - self.range.start) as f64;
            statistics.num_rows = Precision::Inexact((bytes / line) as usize);
        }
        if let Some((index, _)) = schema.column_with_name("time") {
            let time = |time| ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into()));
            statistics.column_statistics[index] = ColumnStatistics::new_unknown()
                .with_min_value(Precision::Inexact(time(self.sample.times.start)))
                .with_max_value(Precision::Inexact(time(self.sample.times.end)));
        }
        Ok(statistics)
    }
}

impl Piece {
    /// The next rows, at most `limit`. After the last row, the batch is empty.
    fn batch(&self, lines: &mut Lines, limit: usize) -> Result<RecordBatch> {
        let fields = self.schema.fields().iter();
        let mut columns = fields
            .map(|field| Column::new(field.name()))
            .collect::<Result<Vec<_>>>()?;
        let mut rows = 0;
        while rows < limit {
            let Some(text) = lines.next()? else {
                break;
            };
            let Some(line) = Line::parse(text) else {
                self.counters.malformed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            for column in &mut columns {
                column.append(&line);
            }
            rows += 1;
        }
        let values = (rows * columns.len()) as u64;
        self.counters.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.counters.values.fetch_add(values, Ordering::Relaxed);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns.into_iter().map(Column::finish).collect(),
            &options,
        )?)
    }
}

/// Reads the lines that begin in a range of a file's bytes.
struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    position: u64,
    end: u64,
    line: Vec<u8>,
}

impl Lines {
    fn open(path: &Path, range: Range<u64>) -> Result<Self> {
        let at = |error| failed(path, error);
        let mut file = File::open(path).map_err(at)?;
        let start = range.start.saturating_sub(1);
        file.seek(SeekFrom::Start(start)).map_err(at)?;
        let reader: Box<dyn BufRead + Send> = if is_compressed(path) {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(BufReader::with_capacity(1 << 18, file))
        };
        let mut lines = Self {
            path: path.to_owned(),
            reader,
            position: start,
            end: range.end,
            line: vec![],
        };
        if range.start > 0 {
            // This line began before the range, unless the byte before the range ends a line.
            lines.next()?;
        }
        Ok(lines)
    }

    fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.position >= self.end {
            return Ok(None);
        }
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| failed(&self.path, error))?;
        self.position += read as u64;
        Ok((read > 0).then(|| self.line.trim_ascii_end()))
    }
}

/// A column that is being filled.
enum Column {
    Text(Part, StringBuilder),
    Time(TimestampMicrosecondBuilder),
    Status(UInt16Builder),
    Bytes(Int64Builder),
}

/// A part of a line.
type Part = for<'a> fn(&Line<'a>) -> Option<&'a [u8]>;

impl Column {
    fn new(name: &str) -> Result<Self> {
        let text = |part: Part| Self::Text(part, StringBuilder::new());
        Ok(match name {
            "host" => text(|line| Some(line.host)),
            "user" => text(|line| line.user),
            "time" => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            "method" => text(|line| line.method),
            "path" => text(|line| line.path),
            "status" => Self::Status(UInt16Builder::new()),
            "bytes" => Self::Bytes(Int64Builder::new()),
            "referer" => text(|line| line.referer),
            "user_agent" => text(|line| line.user_agent),
            unknown => return exec_err!("there is no column {unknown}"),
        })
    }

    fn append(&mut self, line: &Line) {
        match self {
            // Servers write UTF-8, but clients send what they like.
            Self::Text(part, column) => {
                column.append_option(part(line).map(String::from_utf8_lossy));
            }
            Self::Time(column) => column.append_value(line.time),
            Self::Status(column) => column.append_value(line.status),
            Self::Bytes(column) => column.append_option(line.bytes),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(_, mut column) => Arc::new(column.finish()),
            Self::Time(mut column) => Arc::new(column.finish()),
            Self::Status(mut column) => Arc::new(column.finish()),
            Self::Bytes(mut column) => Arc::new(column.finish()),
        }
    }
}

/// What the beginning and the end of a file tell about the rest.
#[derive(Debug, Clone)]
struct Sample {
    /// How many bytes a line has, on average. It is unknown if they are compressed.
    line: Option<f64>,
    /// No line is earlier or later.
    times: Range<i64>,
}

impl Sample {
    fn of(path: &Path) -> Result<Self> {
        let times = |range| -> Result<Vec<i64>> {
            let mut lines = Lines::open(path, range)?;
            let mut times = vec![];
            while let Some(line) = lines.next()? {
                times.extend(Line::parse(line).map(|line| line.time));
            }
            Ok(times)
        };
        let beginning = times(0..SAMPLE)?;
        let first = beginning.first();
        let size = size(path)?;
        let (line, last) = if is_compressed(path) {
            (None, None)
        } else {
            let line = size.min(SAMPLE) as f64 / beginning.len() as f64;
            let last = times(size.saturating_sub(SAMPLE)..size)?.pop();
            (first.map(|_| line), last)
        };
        Ok(Self {
            line,
            times: first.map_or(i64::MIN, |first| first - LONGEST_REQUEST)
                ..last.map_or(i64::MAX, |last| last + LONGEST_REQUEST),
        })
    }
}

/// The times that a filter leaves, if it compares `time` with one.
fn times(filter: &Expr) -> Option<Range<i64>> {
    let ("time", op, ScalarValue::TimestampMicrosecond(Some(time), _)) = comparison(filter)? else {
        return None;
    };
    let (time, after) = (*time, time.saturating_add(1));
    match op {
        Operator::Eq => Some(time..after),
        Operator::Lt => Some(i64::MIN..time),
        Operator::LtEq => Some(i64::MIN..after),
        Operator::Gt => Some(after..i64::MAX),
        Operator::GtEq => Some(time..i64::MAX),
        _ => None,
    }
}

fn intersect(left: &Range<i64>, right: &Range<i64>) -> Range<i64> {
    left.start.max(right.start)..left.end.min(right.end)
}

//! Readings that an HTTP API serves in pages.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Expr, Operator, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt};
use pyo3_datafusion::table::{Partition, Scan, Source, comparison, one_of};
use serde::Deserialize;

use crate::api::Api;

/// The largest page that the API serves.
const PAGE: usize = 1000;

#[derive(Debug)]
pub struct ApiSource {
    pub api: Api,
    sensors: Vec<String>,
}

impl ApiSource {
    pub async fn open(api: Api) -> Result<Self> {
        let sensors = api.get("sensors", vec![]).await?;
        Ok(Self { api, sensors })
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("sensor", DataType::Utf8, false),
        Field::new("celsius", DataType::Float64, true),
    ]))
}

#[async_trait]
impl Source for ApiSource {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    /// One for each sensor. With a limit, one that stops as soon as it has enough rows.
    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let mut sensors = self.sensors.clone();
        let (mut first, mut last) = (i64::MIN, i64::MAX);
        for filter in scan.filters.iter().filter_map(ApiFilter::new) {
            match filter {
                ApiFilter::Sensors(wanted) => sensors.retain(|sensor| wanted.contains(sensor)),
                ApiFilter::Ids(ids) => {
                    first = first.max(*ids.start());
                    last = last.min(*ids.end());
                }
            }
        }
        if first > last || scan.limit == Some(0) {
            sensors.clear();
        }
        let together = if scan.limit.is_some() { PAGE } else { 1 };
        let partition = |sensors: &[String]| ApiPartition {
            api: self.api.clone(),
            sensors: sensors.to_vec(),
            ids: first..=last,
            limit: scan.limit.unwrap_or(usize::MAX),
        };
        let partitions = sensors.chunks(together).map(partition);
        Ok(partitions.map(|one| Box::new(one) as _).collect())
    }

    /// The API compares the way SQL does.
    fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match ApiFilter::new(filter) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        }
    }
}

/// What the API can leave out.
enum ApiFilter {
    Sensors(Vec<String>),
    Ids(RangeInclusive<i64>),
}

impl ApiFilter {
    fn new(filter: &Expr) -> Option<Self> {
        if let Some(("sensor", literals)) = one_of(filter) {
            let sensors = literals.iter().map(|literal| match literal {
                ScalarValue::Utf8(sensor) | ScalarValue::Utf8View(sensor) => sensor.clone(),
                _ => None,
            });
            return sensors.collect::<Option<_>>().map(Self::Sensors);
        }
        let ("id", op, ScalarValue::Int64(Some(id))) = comparison(filter)? else {
            return None;
        };
        Some(Self::Ids(match op {
            Operator::Eq => *id..=*id,
            Operator::Lt => i64::MIN..=id.checked_sub(1)?,
            Operator::LtEq => i64::MIN..=*id,
            Operator::Gt => id.checked_add(1)?..=i64::MAX,
            Operator::GtEq => *id..=i64::MAX,
            _ => return None,
        }))
    }
}

/// Some sensors, which are read one after the other, up to `limit` rows.
#[derive(Debug, Clone)]
struct ApiPartition {
    api: Api,
    sensors: Vec<String>,
    ids: RangeInclusive<i64>,
    limit: usize,
}

#[derive(Deserialize)]
struct Page {
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: i64,
    celsius: Option<f64>,
}

impl Partition for ApiPartition {
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        Ok(stream::try_unfold((self.clone(), None), next_page).boxed())
    }
}

/// The next page, what is to be read after it, and its cursor if there is more of this sensor.
async fn next_page(
    (mut rest, cursor): (ApiPartition, Option<String>),
) -> Result<Option<(RecordBatch, (ApiPartition, Option<String>))>> {
    let Some(sensor) = rest.sensors.first().filter(|_| rest.limit > 0) else {
        return Ok(None);
    };
    let mut query = vec![
        ("sensor", sensor.clone()),
        ("limit", PAGE.min(rest.limit).to_string()),
    ];
    if *rest.ids.start() > i64::MIN {
        query.push(("from", rest.ids.start().to_string()));
    }
    if *rest.ids.end() < i64::MAX {
        query.push(("to", rest.ids.end().to_string()));
    }
    query.extend(cursor.map(|cursor| ("cursor", cursor)));

    let Page { rows, next } = rest.api.get("readings", query).await?;
    let ids = Int64Array::from_iter_values(rows.iter().map(|row| row.id));
    let sensors = StringArray::from(vec![sensor.as_str(); rows.len()]);
    let celsius: Float64Array = rows.iter().map(|row| row.celsius).collect();
    let columns = vec![
        Arc::new(ids) as _,
        Arc::new(sensors) as _,
        Arc::new(celsius) as _,
    ];
    let batch = RecordBatch::try_new(schema(), columns)?;

    rest.limit = rest.limit.saturating_sub(rows.len());
    if next.is_none() {
        rest.sensors.remove(0);
    }
    Ok(Some((batch, (rest, next))))
}

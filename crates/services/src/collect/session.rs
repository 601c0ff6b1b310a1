//! One connection to Asana, from the first answer until it fails or is stopped.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_asana::{AuditLogRequest, Client, ClientOptions};
use drishti_ledger::{Advance, Position, Progress, Source, SourceStatus, Window};
use drishti_model::{Backfill, HealthStatus, SourceState, canonical_time};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::CollectProgress;
use super::accounts::Directory;
use super::fetch::Stream;
use super::plan::{Plan, plan};
use super::poller::{Poller, Sweep};
use super::refused::Refused;
use super::replays::Replays;
use super::silence::Silence;
use super::windows::Windows;
use super::writer::{BATCH_WAIT_MIN, Fetched, PAGES_WAITING_MAX, Report, Writer};
use crate::intake::{Intake, Opened};
use crate::{ServiceError, Services};

/// Difference between Asana's clock and ours that is worth a warning.
const CLOCK_SKEW_MAX: TimeDelta = TimeDelta::minutes(5);

/// What a source does that has caught up.
const FOLLOWING: &str = "following new events";

/// Whether a session ends when everything is read, or goes on polling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    CaughtUp,
    Stopped,
}

/// Everything that a session works with.
pub(crate) struct Session {
    services: Services,
    source: Source,
    client: Client,
    workspace_gid: String,
    progress: Progress,
    /// Asana's clock when the session began, and how far ours is behind it.
    began_at: DateTime<Utc>,
    ahead: TimeDelta,
    overlap: TimeDelta,
}

impl Session {
    /// Makes the client of a source, or says what it lacks.
    pub(crate) async fn client(
        services: &Services,
        source: &Source,
    ) -> Result<(Client, String), ServiceError> {
        let missing = |missing| ServiceError::Incomplete {
            name: source.name.clone(),
            missing,
        };
        let workspace_gid = source
            .profile
            .workspace_gid
            .clone()
            .ok_or_else(|| missing("it has no workspace"))?;
        let token = services.ledger.token(&source.name).await?;
        let options = ClientOptions {
            base_url: Url::parse(&source.profile.api_url)
                .map_err(|_| missing("its `api_url` is no address"))?,
            token: token.ok_or_else(|| missing("it has no token"))?,
            concurrent_reads: source.profile.collect.concurrent_reads,
            requests_per_minute: source.profile.collect.requests_per_minute,
            user_agent: Services::USER_AGENT.to_owned(),
            token_limits: services.token_limits.clone(),
            proxy: services.proxy.clone(),
        };
        Ok((Client::new(options)?, workspace_gid))
    }

    /// Asks Asana for one page of the audit log: whoever gets it may collect.
    pub(crate) async fn authenticate(
        services: Services,
        source: Source,
        progress: Progress,
    ) -> Result<Self, ServiceError> {
        let (client, workspace_gid) = Self::client(&services, &source).await?;
        let request = AuditLogRequest {
            start_at: Some(services.clock.now() - TimeDelta::minutes(1)),
            ..AuditLogRequest::new(&workspace_gid)
        };
        let page = client.audit_log_page(&request).await?;
        let now = services.clock.now();
        let began_at = page.server_time.unwrap_or(now);
        let state = SourceState::Authenticated;
        services
            .report_state(
                &source.name,
                state,
                "Asana accepted the token and showed the audit log",
            )
            .await?;
        Ok(Self {
            overlap: TimeDelta::seconds(i64::from(source.profile.collect.overlap_seconds)),
            ahead: began_at - now,
            began_at,
            services,
            source,
            client,
            workspace_gid,
            progress,
        })
    }

    async fn warn(
        &self,
        state: SourceState,
        name: &str,
        reason: String,
        advice: &str,
    ) -> Result<(), ServiceError> {
        self.services
            .report_warning(&self.source.name, state, name, reason, advice)
            .await
    }

    /// Fetches what is missing and follows what is new, until `until` or `stop`.
    pub(crate) async fn run(
        mut self,
        intake: Intake,
        until: Until,
        report: Report,
        stop: &CancellationToken,
    ) -> Result<CollectProgress, ServiceError> {
        let plan = plan(&self.progress, &self.source.profile.collect, self.began_at);
        let windows = self.windows_to_fetch(&intake, &plan).await?;
        self.progress.cursor.take_if(|_| !plan.follows_on);
        let state = SourceState::Collecting;
        let reason = match windows.len() {
            0 => FOLLOWING.to_owned(),
            count => format!("fetching {count} windows of past events, and following new ones"),
        };
        self.services
            .report_working(&self.source.name, state, &reason)
            .await?;
        self.warn_of_loss(&intake, &plan).await?;

        let (sender, receiver) = mpsc::channel(PAGES_WAITING_MAX);
        let nothing_yet = CollectProgress {
            windows_total: windows.len() as u64,
            ..CollectProgress::default()
        };
        let (written, stored) = watch::channel(nothing_yet);
        let writer = Writer {
            intake,
            clock: self.services.clock.clone(),
            progress: nothing_yet,
            report: Box::new(move |progress| {
                written.send_replace(progress);
                report(progress);
            }),
            settled_until: self.began_at - self.overlap,
            refused: Refused::new(self.services.clone(), self.source.name.clone()),
            wait: BATCH_WAIT_MIN,
            compacts: (until == Until::CaughtUp).then(|| self.services.clone()),
        };
        // The writer is a task of its own, so that a page it is writing when a reader fails still gets to the lake and the ledger.
        let mut writer = tokio::spawn(writer.run(receiver));
        let read = tokio::select! {
            read = self.read(windows, plan.settled_until, until, (sender, stored)) => read,
            () = stop.cancelled() => Ok(()),
            ended = &mut writer => return outcome(ended),
        };
        let progress = outcome(writer.await)?;
        read.map(|()| progress)
    }

    /// All that reads from Asana; dropping it ends the writer once it has written what it got.
    async fn read(
        &self,
        windows: Vec<Window>,
        settled_until: DateTime<Utc>,
        until: Until,
        (pages, mut stored): (mpsc::Sender<Fetched>, watch::Receiver<CollectProgress>),
    ) -> Result<(), ServiceError> {
        let readers = self.source.profile.collect.concurrent_reads.max(1);
        let past = Windows {
            services: self.services.clone(),
            source: self.source.name.clone(),
            client: self.client.clone(),
            workspace_gid: self.workspace_gid.clone(),
            until,
            pages: pages.clone(),
        };
        let past = async {
            let had_windows = !windows.is_empty();
            let given_up = past.fetch(windows, readers, self.began_at).await?;
            let is_stored = |so_far: &CollectProgress| so_far.windows_done == so_far.windows_total;
            if had_windows && until == Until::Stopped && stored.wait_for(is_stored).await.is_ok() {
                self.report_caught_up().await?;
            }
            Ok(given_up)
        };
        let replays = Replays {
            services: self.services.clone(),
            source: self.source.name.clone(),
            pages: pages.clone(),
        };
        let recent = self.follow(settled_until, until, pages);
        let people = self.sync_people(until);
        let (given_up, ..) = tokio::try_join!(past, recent, people, replays.run(until))?;
        given_up.map_or(Ok(()), Err)
    }

    /// Says that the past is fetched, where nothing else is to be said meanwhile: a warning stays.
    async fn report_caught_up(&self) -> Result<(), ServiceError> {
        let name = &self.source.name;
        let status = self.services.ledger.status(name).await?;
        let is_well = |status: &SourceStatus| {
            status.state == SourceState::Collecting && status.status == HealthStatus::Healthy
        };
        if !status.as_ref().is_some_and(is_well) {
            return Ok(());
        }
        let reason = format!("past events are fetched; {FOLLOWING}");
        self.services
            .report_working(name, SourceState::Collecting, &reason)
            .await
    }

    async fn follow(
        &self,
        settled_until: DateTime<Utc>,
        until: Until,
        pages: mpsc::Sender<Fetched>,
    ) -> Result<(), ServiceError> {
        let settings = &self.source.profile.collect;
        let mut poller = self.poller(settled_until, pages.clone());
        let mut sweep = Sweep {
            client: self.client.clone(),
            workspace_gid: self.workspace_gid.clone(),
            pages,
            overlap: self.overlap,
            settled_until,
            last_at: None,
        };
        let mut silence = Silence::new(
            self.services.clone(),
            self.source.name.clone(),
            settings.clone(),
        )
        .await?;
        let mut clock_differs = false;
        loop {
            let answered_at = poller.catch_up().await?;
            let now = answered_at.unwrap_or_else(|| self.services.clock.now() + self.ahead);
            clock_differs = self.compare_clocks(now, clock_differs).await?;
            if sweep.is_due(now) {
                sweep.run(now).await?;
            }
            silence
                .check(poller.newest_event_at.unwrap_or(self.began_at), now)
                .await?;
            if until == Until::CaughtUp {
                return Ok(());
            }
            let pause = Duration::from_secs(u64::from(settings.poll_interval_seconds));
            tokio::time::sleep(pause).await;
        }
    }

    /// Warns when Asana's clock and ours part, and says when they agree again. Returns whether they differ.
    async fn compare_clocks(
        &self,
        asana: DateTime<Utc>,
        differed: bool,
    ) -> Result<bool, ServiceError> {
        let ours = self.services.clock.now();
        let differ = (asana - ours).abs() > CLOCK_SKEW_MAX;
        let state = SourceState::Collecting;
        if differ && !differed {
            let reason = format!(
                "this machine's clock says {}, Asana's says {}",
                canonical_time(ours),
                canonical_time(asana)
            );
            let advice =
                "Set this machine's clock (NTP). Collection goes by Asana's clock meanwhile.";
            self.warn(state, "ClockSkew", reason, advice).await?;
        } else if differed && !differ {
            let reason = "this machine's clock agrees with Asana's again";
            self.services
                .report_working(&self.source.name, state, reason)
                .await?;
        }
        Ok(differ)
    }

    fn poller(&self, settled_until: DateTime<Utc>, pages: mpsc::Sender<Fetched>) -> Poller {
        let position = self.progress.cursor.clone().unwrap_or(Position {
            start_at: settled_until,
            offset: None,
        });
        let mut stream = Stream::new(
            self.client.clone(),
            &self.workspace_gid,
            position,
            None,
            self.overlap,
        );
        stream.resume_near(self.progress.newest_event_at);
        Poller {
            stream,
            pages,
            newest_event_at: self.progress.newest_event_at,
        }
    }

    async fn sync_people(&self, until: Until) -> Result<(), ServiceError> {
        let directory = Directory {
            services: self.services.clone(),
            source: self.source.name.clone(),
            client: self.client.clone(),
            workspace_gid: self.workspace_gid.clone(),
        };
        loop {
            directory.sync_if_due().await?;
            if until == Until::CaughtUp {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_hours(1)).await;
        }
    }

    /// The windows still to fetch: those that an earlier session left, and those that `plan` adds, which are noted in the ledger.
    async fn windows_to_fetch(
        &mut self,
        intake: &Intake,
        plan: &Plan,
    ) -> Result<Vec<Window>, ServiceError> {
        if self.progress.collected_since != Some(plan.since) || !plan.given_up.is_empty() {
            let advance = Advance {
                collected_since: Some(plan.since),
                given_up: plan.given_up.clone(),
                ..Advance::default()
            };
            intake.advance(advance).await?;
        }
        if !plan.windows.is_empty() {
            self.services
                .ledger
                .plan_backfill(intake.lease(), &plan.windows)
                .await?;
        }
        self.progress = self.services.ledger.progress(&self.source.name).await?;
        let mut windows: Vec<Window> = self
            .progress
            .windows
            .iter()
            .filter(|window| !window.done)
            .cloned()
            .collect();
        if self.source.profile.collect.backfill_order == Backfill::Newest {
            windows.reverse();
        }
        Ok(windows)
    }

    /// Tells of what is lost for good, once of each span.
    async fn warn_of_loss(&self, intake: &Intake, plan: &Plan) -> Result<(), ServiceError> {
        let told_until = self.progress.loss_told_until;
        let is_news = |end| told_until.is_none_or(|told_until| told_until < end);
        let news = plan.lost.iter().filter(|range| is_news(range.end));
        let Some(last) = plan.lost.last().filter(|last| is_news(last.end)) else {
            return Ok(());
        };
        let spans: Vec<String> = news
            .map(|range| {
                format!(
                    "{} to {}",
                    canonical_time(told_until.map_or(range.start, |told| told.max(range.start))),
                    canonical_time(range.end)
                )
            })
            .collect();
        let reason = format!(
            "of the time since {}, these spans are not complete and Asana no longer has them: {}",
            canonical_time(plan.since),
            spans.join(", ")
        );
        let advice = "If another system kept these events, bring them in with `drishti ingest`.";
        self.warn(SourceState::Collecting, "CoverageLost", reason, advice)
            .await?;
        let told = Advance {
            loss_told_until: Some(last.end),
            ..Advance::default()
        };
        intake.advance(told).await
    }
}

fn outcome(
    ended: Result<Result<CollectProgress, ServiceError>, tokio::task::JoinError>,
) -> Result<CollectProgress, ServiceError> {
    ended.map_err(|_| ServiceError::TaskDied("the writer of a source"))?
}

/// Notes that the lake had lost batches, if it had.
pub(crate) async fn warn_of_lost_lake(
    services: &Services,
    source: &Source,
    opened: &Opened,
) -> Result<(), ServiceError> {
    if !opened.lake_was_behind {
        return Ok(());
    }
    let reason = "the lake lacks batches that were written to it: it was removed, or put back from an older backup".to_owned();
    let advice = "Everything that Asana still has (90 days) is being fetched again. Older events need a backup of the lake.";
    services
        .report_warning(
            &source.name,
            SourceState::Initialized,
            "LakeBehind",
            reason,
            advice,
        )
        .await
}

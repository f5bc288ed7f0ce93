using System.CommandLine;
using ModelWorkbench.Workbench;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

FileModes.KeepToOwner();

var port = new Option<int?>("--port") { Description = "TCP port; 0 takes a free one (setting Workbench:Port)" };
var data = new Option<string?>("--data") { Description = "Folder for database, uploads, models and keys (setting Workbench:DataFolder)" };
var noSamples = new Option<bool>("--no-samples") { Description = "Do not put the sample datasets in place (setting Workbench:InstallSamples)" };

var root = new RootCommand("Model Workbench: from a CSV to a model that answers over HTTP. All settings are in appsettings.json.") { port, data, noSamples };
root.SetAction((parsed, cancellationToken) => WebHost.RunAsync([.. args.Where(WebHost.IsHostArgument)], Overrides(parsed), cancellationToken));

var token = new Command("token", "Makes an access token for the management API and prints it.") { data };
var tokenName = new Option<string>("--name") { Description = "What the token is for", DefaultValueFactory = _ => "command line" };
token.Add(tokenName);
token.SetAction((parsed, cancellationToken) => WebHost.PrintTokenAsync(parsed.GetRequiredValue(tokenName), Overrides(parsed), cancellationToken));
root.Add(token);

var link = new Command("link", "Makes a new one-time sign-in link for a running workbench and prints it.") { data };
link.SetAction((parsed, cancellationToken) => WebHost.PrintLinkAsync(Overrides(parsed), cancellationToken));
root.Add(link);

var audit = new Command("audit", "Looks at the log of who did what; beside a running workbench, or without one.");
var verify = new Command("verify", "Goes through the chain of hashes and prints its head; exit code 1 where an entry does not fit.") { data };
verify.SetAction((parsed, cancellationToken) => WebHost.WithDataAsync(Overrides(parsed), (services, _) => AuditCommands.VerifyAsync(services, cancellationToken)));
var export = new Command("export", "Prints all entries, a line of JSON each.") { data };
export.SetAction((parsed, cancellationToken) => WebHost.WithDataAsync(Overrides(parsed), (services, _) => AuditCommands.ExportAsync(services, cancellationToken)));
audit.Add(verify);
audit.Add(export);
root.Add(audit);

var backup = new Command("backup", "Writes all that a workbench knows, which may be running, to a folder or a file, and reads it back.") { data };
var to = new Option<string>("--to") { Description = "A folder that is empty or not there, or a new file: .tar, .tar.gz or .tgz", Required = true };
backup.Add(to);
backup.SetAction((parsed, cancellationToken) => WebHost.WithDataAsync(Overrides(parsed), (services, _) => BackupCommands.BackupAsync(services, parsed.GetRequiredValue(to), cancellationToken)));
root.Add(backup);

var restore = new Command("restore", "Puts a backup back into an empty data folder, or a copy of the database alone (.db) in the place of the one in a data folder.");
var from = new Option<string>("--from") { Description = "A backup, or a copy of the database from backups/ of the data folder", Required = true };
var into = new Option<string>("--data") { Description = "The data folder", Required = true };
var partial = new Option<bool>("--partial") { Description = "Also where files are missing that the database names" };
restore.Add(from);
restore.Add(into);
restore.Add(partial);
restore.SetAction((parsed, cancellationToken) => WebHost.WithPlaceAsync(parsed.GetRequiredValue(into), place => BackupCommands.RestoreAsync(parsed.GetRequiredValue(from), place, parsed.GetValue(partial), cancellationToken)));
root.Add(restore);

var folder = new Argument<string>("folder") { Description = "Folder with job.json" };
var train = new Command(TrainingCommand.Name, "Trains the models of one job; started by the workbench itself.") { folder };
train.Hidden = true;
train.SetAction(parsed => TrainingCommand.Run(parsed.GetRequiredValue(folder)));
root.Add(train);

// Settings in the form of ASP.NET (--Workbench:Port=0, --environment=Production), which the integration test host passes too, are not ours to parse.
// The parser's own patience with a program that was asked to end is two seconds: too little to finish what was begun.
return await root.Parse([.. args.Where(argument => !WebHost.IsHostArgument(argument))]).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(40) });

Dictionary<string, string?> Overrides(ParseResult parsed)
{
    var overrides = new Dictionary<string, string?>();
    if (parsed.GetValue(port) is { } number) overrides["Workbench:Port"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    if (parsed.GetValue(data) is { } path) overrides["Workbench:DataFolder"] = path;
    if (parsed.GetValue(noSamples)) overrides["Workbench:InstallSamples"] = "false";
    return overrides;
}

/// <summary>The entry point; public so that tests can host it.</summary>
public partial class Program;

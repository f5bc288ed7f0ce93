using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Scalar.AspNetCore;

namespace ModelWorkbench.Workbench.Api;

/// <summary>What all slices' APIs have in common: address, JSON, errors, description.</summary>
public static class ManagementApi
{
    /// <summary>To be accepted beside the types that an operation describes, where its handler itself says what is wrong with another.</summary>
    public const string AnyContent = "*/*";

    /// <summary>Of the program, without the commit it was built from.</summary>
    public static string ProgramVersion { get; } = typeof(ManagementApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private const string Description = "From a CSV to a model that answers over HTTP. Access tokens are made on the page /access-tokens or by the command 'token'. "
        + $"Every POST takes the header {Idempotency.Header}: sent again with the same key and body within a day, it is answered as it was and not done again (422 for another body, 409 while the first is under way); what was refused may be sent again with the same key.";

    // Nothing of the program is asked to write it: what has failed may be what writes pages.
    private const string FailurePage = """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Something failed · Model Workbench</title><link rel="stylesheet" href="/css/app.css"></head>
        <body><main class="plain-page"><h1>Something failed</h1><p>The workbench could not answer this. What happened stands in its log. <a href="">Try again</a>, or go to <a href="/datasets">the datasets</a>.</p></main></body>
        </html>
        """;

    public static void AddManagementApi(this WebApplicationBuilder builder)
    {
        builder.Services.AddProblemDetails();
        builder.Services.AddSingleton<Idempotency>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            var core = CoreJson.Options;
            foreach (var converter in core.Converters) json.SerializerOptions.Converters.Add(converter);
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, core.TypeInfoResolver!);
            json.SerializerOptions.AllowOutOfOrderMetadataProperties = core.AllowOutOfOrderMetadataProperties;
            json.SerializerOptions.RespectNullableAnnotations = core.RespectNullableAnnotations;
            json.SerializerOptions.RespectRequiredConstructorParameters = core.RespectRequiredConstructorParameters;
        });
        // A body that does not bind is the caller's error and says where; the framework's own answer is an empty 400.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi("v1", openApi =>
        {
            openApi.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
            openApi.AddOperationTransformer((operation, _, _) =>
            {
                // Where "any" stands beside the types that are meant, it only keeps routing from refusing in our place.
                if (operation.RequestBody?.Content is { Count: > 1 } content) content.Remove(AnyContent);
                return Task.CompletedTask;
            });
            openApi.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = "Model Workbench", Version = "1", Description = Description };
                document.Servers = [];
                document.Components ??= new OpenApiComponents();
                document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
                document.Components.SecuritySchemes["Bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An access token (mwt_…); for predictions the endpoint's key (mwk_…)." };
                document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("Bearer", document)] = [] }];
                return Task.CompletedTask;
            });
        });
    }

    public static void MapManagementApi(this WebApplication app, Action<RouteGroupBuilder> mapSlices)
    {
        var api = app.MapGroup("/api/v1")
            // Without it an error answer to a POST would be run again as a page, and reach the caller as something else.
            .WithMetadata(new SkipStatusCodePagesAttribute())
            .AddEndpointFilter(async (context, next) =>
            {
                context.HttpContext.Response.Headers.CacheControl = "no-store";
                return await next(context);
            })
            .RequireAuthorization()
            .CheckAccess();
        mapSlices(api);
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference("/docs", scalar =>
        {
            scalar.WithTitle("Model Workbench API").WithOpenApiRoutePattern("/openapi/{documentName}.json").AddDocument("v1");
            scalar.DefaultFonts = false;
            scalar.HideClientButton = true;
            // For the lines of script that it writes into the page: see SecurityHeaders.
            scalar.WithNonce();
            scalar.AddHeadContent("<script src=\"/js/docs.js\"></script>");
            scalar.DisableAgent().DisableMcp().DisableTelemetry().HideDeveloperTools();
        });
    }

    /// <summary>Gives what routing refuses by itself (unknown address, wrong method, wrong content type) a problem+json that says why.</summary>
    /// <remarks>Not a fallback route: that would be a candidate for every address, and turn the 405 and 415 of known ones into its own 404.</remarks>
    public static void UseApiStatusCodes(this WebApplication app) => app.UseWhen(
        context => context.Request.Path.StartsWithSegments("/api"),
        api => api.UseStatusCodePages(async pages =>
        {
            var (request, status) = (pages.HttpContext.Request, pages.HttpContext.Response.StatusCode);
            var (title, detail) = status switch
            {
                404 => ("Unknown address", "There is nothing here. The API is described at /docs."),
                405 => ("Method not allowed", $"The method is {request.Method}; expected {pages.HttpContext.Response.Headers.Allow}."),
                415 => ("Unsupported content", $"The content type is '{request.ContentType}'; expected application/json."),
                _ => (ReasonPhrases.GetReasonPhrase(status), $"{request.Method} {request.Path} was refused."),
            };
            await Results.Problem(statusCode: status, title: title, detail: detail).ExecuteAsync(pages.HttpContext);
        }));

    /// <summary>Gives a fault of ours outside the API an answer with what browsers are told about every other: a page where one is expected, else problem+json.</summary>
    public static void UsePageErrors(this WebApplication app)
    {
        app.UseWhen(context => !context.Request.Path.StartsWithSegments("/api"), pages => pages.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context => AsksForPage(context.Request)
                ? Results.Content(FailurePage, "text/html; charset=utf-8", Encoding.UTF8, context.Response.StatusCode).ExecuteAsync(context)
                : Results.Problem(statusCode: context.Response.StatusCode, title: ReasonPhrases.GetReasonPhrase(context.Response.StatusCode)).ExecuteAsync(context),
            StatusCodeSelector = fault => fault is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
        }));

        static bool AsksForPage(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Turns a body that does not bind into problem+json that names the place, and a fault of ours into one that says no more than that; a failure of the disk or the database says what it is.</summary>
    public static void UseApiErrors(this WebApplication app) => app.UseWhen(context => context.Request.Path.StartsWithSegments("/api"), api => api.UseExceptionHandler().Use(async (context, next) =>
    {
        try
        {
            await next();
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            var detail = e.InnerException is JsonException json ? json.Message : e.Message;
            await Results.Problem(statusCode: e.StatusCode, title: "Invalid request", detail: detail).ExecuteAsync(context);
        }
        catch (LimitException e) when (!context.Response.HasStarted)
        {
            context.Response.Headers.RetryAfter = "30";
            await Results.Problem(statusCode: StatusCodes.Status429TooManyRequests, title: "Too many at once", detail: e.Message).ExecuteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted && context.RequestServices.GetRequiredService<StorageTrouble>().Note(e) is { } fault)
        {
            context.RequestServices.GetRequiredService<ILogger<StorageTrouble>>().LogError(e, "{Method} {Path} could not be done", context.Request.Method, context.Request.Path);
            if (fault.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "5";
            await Results.Problem(statusCode: fault.Status, title: fault.Title, detail: fault.Detail).ExecuteAsync(context);
        }
    }));
}

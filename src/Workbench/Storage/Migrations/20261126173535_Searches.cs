using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Searches : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "IsExcluded",
                table: "Trials",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "IsPinned",
                table: "Trials",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "PredictionsSha256",
                table: "Trials",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Spec",
                table: "Trials",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "EndReason",
                table: "Experiments",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Findings",
                table: "Experiments",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "RunningSince",
                table: "Experiments",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "IsExcluded",
                table: "Trials");

            migrationBuilder.DropColumn(
                name: "IsPinned",
                table: "Trials");

            migrationBuilder.DropColumn(
                name: "PredictionsSha256",
                table: "Trials");

            migrationBuilder.DropColumn(
                name: "Spec",
                table: "Trials");

            migrationBuilder.DropColumn(
                name: "EndReason",
                table: "Experiments");

            migrationBuilder.DropColumn(
                name: "Findings",
                table: "Experiments");

            migrationBuilder.DropColumn(
                name: "RunningSince",
                table: "Experiments");
        }
    }
}
